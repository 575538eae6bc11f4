// Grid: a workgroup of 256 threads for each row. A sum: each thread its columns upwards,
// then the threads as group_sum.
// import grid
// import group_sum
// import group_max

struct Params {
    rows: u32,
    vocabulary: u32,
    smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> targets: array<u32>;

const THREADS: u32 = 256u;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups);
    if (row >= params.rows) {
        return;
    }
    let base = row * params.vocabulary;
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
    let average = group_sum(total, lane) / f32(params.vocabulary);
    let normalizer = top + log(group_sum(powers, lane));
    if (lane == 0u) {
        let chosen = min(targets[row], params.vocabulary - 1u);
        let given = logits[base + chosen];
        let expected = (1.0 - params.smoothing) * given + params.smoothing * average;
        lse[row] = normalizer;
        loss[row] = select(normalizer - expected, 0.0, chosen == 0u); // token 0 is padding
    }
}
