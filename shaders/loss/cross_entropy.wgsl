// Grid: a workgroup of 256 threads for each row. A sum: each thread its columns upwards,
// then the threads as group_sum.
// import each_row
// import row_of_logits

@group(0) @binding(1) var<storage, read_write> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.vocabulary;
    let found = row_of_logits(base, lane);
    if (lane == 0u) {
        let chosen = min(targets[row], params.vocabulary - 1u);
        let given = logits[base + chosen];
        let expected = (1.0 - params.smoothing) * given + params.smoothing * found.mean;
        lse[row] = found.log_sum;
        loss[row] = select(found.log_sum - expected, 0.0, chosen == 0u); // token 0 is padding
    }
}
