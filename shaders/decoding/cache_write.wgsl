// Grid: a thread for each element of x, 256 a workgroup. No reduction.
// import grid

@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> position: array<u32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.batch * params.width) {
        return;
    }
    let row = i / params.width;
    let place = min(position[row], params.length - 1u);
    cache[(row * params.length + place) * params.width + i % params.width] = x[i];
}
