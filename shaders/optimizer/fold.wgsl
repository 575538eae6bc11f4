// Grid: a thread for each element of total, 256 a workgroup. No reduction.
// import grid

struct Params {
    size: u32,
    accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size) {
        return;
    }
    var sum = x[i];
    if (params.accumulate != 0u) {
        sum += total[i];
    }
    total[i] = sum;
}
