// Grid: a thread for each element of dlogits, 256 a workgroup. No reduction.
// import grid

struct Params {
    rows: u32,
    vocabulary: u32,
    smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read> kept: array<f32>;
@group(0) @binding(5) var<storage, read> targets: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.rows * params.vocabulary) {
        return;
    }
    let row = i / params.vocabulary;
    let chosen = targets[row];
    let aimed = (1.0 - params.smoothing) * kept[row];
    var slope = (aimed + params.smoothing) * exp(logits[i] - lse[row]);
    slope -= params.smoothing / f32(params.vocabulary);
    if (i % params.vocabulary == chosen) {
        slope -= aimed;
    }
    dlogits[i] = select(slope, 0.0, chosen == 0u); // token 0 is padding
}
