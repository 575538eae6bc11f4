// Grid: a workgroup of 256 threads for each row. A sum: each thread its columns upwards, then the
// threads as group_sum; the shares of one token by the thread of its first position, upwards.
// import each_row
// import group_sum
// import group_max

@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read> shares: array<f32>;
@group(0) @binding(3) var<storage, read> log_rest: array<f32>;
@group(0) @binding(4) var<storage, read> ids: array<u32>;

const THREADS: u32 = 256u;

fn rows() -> u32 {
    return params.batch * params.queries;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.vocabulary;
    var highest = logits[base];
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        highest = max(highest, logits[base + i]);
    }
    let top = group_max(highest, lane);
    var powers = 0.0;
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        powers += exp(logits[base + i] - top);
    }
    let shift = log_rest[row] - (top + log(group_sum(powers, lane)));
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        logits[base + i] += shift;
    }
    storageBarrier(); // a token's thread below is not the one of its column
    let span = params.sources * params.keys;
    for (var i = lane; i < span; i += THREADS) {
        let source = row / params.queries * span;
        let copied = share_from(i, source, row * span, span);
        if (copied != 0.0) {
            let column = base + min(ids[source + i], params.vocabulary - 1u);
            let other = log(copied);
            let higher = max(logits[column], other);
            logits[column] = higher + log(exp(logits[column] - higher) + exp(other - higher));
        }
    }
}

// The shares of all positions that hold position i's token; 0 if it is not the first of them.
fn share_from(i: u32, source: u32, base: u32, span: u32) -> f32 {
    let token = ids[source + i];
    for (var j = 0u; j < i; j++) {
        if (ids[source + j] == token) {
            return 0.0;
        }
    }
    var share = 0.0;
    for (var j = i; j < span; j++) {
        if (ids[source + j] == token) {
            share += shares[base + j];
        }
    }
    return share;
}
