// Grid: a thread for each element of average, 256 a workgroup. No reduction.
// import grid
// import finite

@group(0) @binding(1) var<storage, read_write> average: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size) {
        return;
    }
    if (is_finite(scale[0])) {
        average[i] += params.step * (weights[i] - average[i]);
    }
}
