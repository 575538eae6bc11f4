// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import grid

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.rows * params.width) {
        return;
    }
    let id = min(ids[i / params.width], arrayLength(&table) / params.width - 1u);
    y[i] = table[id * params.width + i % params.width] * params.scale;
}
