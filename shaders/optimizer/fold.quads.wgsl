// Where the size is a multiple of 4. Grid: a thread for 4 elements of total, 256 a
// workgroup. No reduction.
// import grid

struct Params {
    size: u32,
    accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> total: array<Total>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;

alias Total = vec4f;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size / 4u) {
        return;
    }
    var sum = x[i];
    if (params.accumulate != 0u) {
        sum += vec4f(total[i]);
    }
    total[i] = Total(sum);
}
