// A row of logits, read once by a workgroup of 256 threads: each thread four of its columns at a
// time, upwards, then the threads as group_sum.
// The importer declares: logits, an array of f32; Params with the vocabulary.
// import group_sum
// import group_max

const THREADS: u32 = 256u;

struct RowOfLogits {
    mean: f32,
    log_sum: f32, // the log of the sum of exp
}

fn row_of_logits(base: u32, lane: u32) -> RowOfLogits {
    var top = logits[base];
    var total = 0.0;
    var powers = 0.0; // the sum of exp of what each logit is above `top`
    for (var start = lane; start < params.vocabulary; start += 4u * THREADS) {
        let columns = start + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
        let inside = columns < vec4u(params.vocabulary);
        let i = base + min(columns, vec4u(params.vocabulary - 1u));
        let values = vec4f(logits[i.x], logits[i.y], logits[i.z], logits[i.w]);
        let higher = max(top, max_of_quad(select(vec4f(top), values, inside)));
        let terms = select(vec4f(), exp(values - higher), inside);
        powers = powers * exp(top - higher) + sum_of_quad(terms);
        total += sum_of_quad(select(vec4f(), values, inside));
        top = higher;
    }
    let highest = group_max(top, lane);
    let mean = group_sum(total, lane) / f32(params.vocabulary);
    let all = group_sum(powers * exp(top - highest), lane);
    return RowOfLogits(mean, highest + log(all));
}
