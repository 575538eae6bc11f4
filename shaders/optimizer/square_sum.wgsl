// Grid: a workgroup of 256 threads for each chunk: each thread its elements upwards, then the
// threads as group_sum.
// import grid
// import group_sum

@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

const THREADS: u32 = 256u;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let part = group_index(group, groups);
    let start = part * params.chunk;
    if (start >= params.size) {
        return;
    }
    let end = min(start + params.chunk, params.size);
    var squares = 0.0;
    for (var i = start + lane; i < end; i += THREADS) {
        squares += x[i] * x[i];
    }
    let all = group_sum(squares, lane);
    if (lane == 0u) {
        partials[part] = all;
    }
}
