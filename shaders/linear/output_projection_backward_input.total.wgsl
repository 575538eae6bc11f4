// dx from the parts of split-K, added in their order.
// Grid: a thread for each 4 elements of dx, 256 a workgroup.
// import grid

@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read> partials: array<vec4f>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    let size = params.rows * params.width / 4u;
    if (i >= size) {
        return;
    }
    var total = partials[i];
    for (var part = i + size; part < arrayLength(&partials); part += size) {
        total += partials[part];
    }
    dx[i] = total;
}
