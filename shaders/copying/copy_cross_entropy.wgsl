// Grid: a workgroup of 256 threads for each row. A sum: each thread its columns, or positions,
// upwards, then the threads as group_sum.
// import each_row
// import row_of_logits

@group(0) @binding(1) var<storage, read_write> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> kept: array<f32>;
@group(0) @binding(4) var<storage, read> logits: array<f32>;
@group(0) @binding(5) var<storage, read> shares: array<f32>;
@group(0) @binding(6) var<storage, read> log_rest: array<f32>;
@group(0) @binding(7) var<storage, read> ids: array<u32>;
@group(0) @binding(8) var<storage, read> targets: array<u32>;

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.vocabulary;
    let found = row_of_logits(base, lane);
    let chosen = min(targets[row], params.vocabulary - 1u);
    let copied = group_sum(share_of(chosen, row, lane), lane);
    if (lane == 0u) {
        let own = logits[base + chosen] - found.log_sum + log_rest[row];
        var mixed = own;
        if (copied != 0.0) {
            let other = log(copied);
            let higher = max(own, other);
            mixed = higher + log(exp(own - higher) + exp(other - higher));
        }
        let spread = params.smoothing * (found.log_sum - found.mean);
        let padding = chosen == 0u; // token 0
        lse[row] = found.log_sum;
        kept[row] = select(exp(own - mixed), 1.0, padding);
        loss[row] = select(spread - (1.0 - params.smoothing) * mixed, 0.0, padding);
    }
}

// A thread's part of the shares of the positions that hold a token.
fn share_of(token: u32, row: u32, lane: u32) -> f32 {
    let span = params.sources * params.keys;
    let source = (params.start + row) / params.queries * span;
    var share = 0.0;
    for (var i = lane; i < span; i += THREADS) {
        if (ids[source + i] == token) {
            share += shares[row * span + i];
        }
    }
    return share;
}
