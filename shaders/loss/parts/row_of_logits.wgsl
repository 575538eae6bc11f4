// A row of logits by a workgroup of 256 threads: each thread its columns upwards, then the threads
// as group_sum.
// The importer declares: logits, an array of f32; Params with the vocabulary.
// import group_sum
// import group_max

const THREADS: u32 = 256u;

struct RowOfLogits {
    mean: f32,
    log_sum: f32, // the log of the sum of exp
}

fn row_of_logits(base: u32, lane: u32) -> RowOfLogits {
    var highest = logits[base];
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        highest = max(highest, logits[base + i]);
    }
    let top = group_max(highest, lane);
    var total = 0.0;
    var powers = 0.0;
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        total += logits[base + i];
        powers += exp(logits[base + i] - top);
    }
    let mean = group_sum(total, lane) / f32(params.vocabulary);
    return RowOfLogits(mean, top + log(group_sum(powers, lane)));
}
