// dweight and dbias from the parts of split-K, added in their order.
// Grid: a thread for each 4 elements of dweight, then of dbias, 256 a workgroup.
// import grid

@group(0) @binding(1) var<storage, read_write> dweight: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dbias: array<vec4f>;
@group(0) @binding(5) var<storage, read> partials: array<vec4f>;

// The sum of every `stride`th element, `parts` of them.
fn sum_parts(first: u32, stride: u32, parts: u32) -> vec4f {
    var total = partials[first];
    for (var part = 1u; part < parts; part++) {
        total += partials[first + part * stride];
    }
    return total;
}

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    let width = params.outputs / 4u;
    let size = params.inputs * width;
    let parts = arrayLength(&partials) / (size + width);
    if (i < size) {
        var total = sum_parts(i, size, parts);
        if (params.accumulate != 0u) {
            total += dweight[i];
        }
        dweight[i] = total;
    } else if (i < size + width) {
        var total = sum_parts(parts * size + i - size, width, parts);
        if (params.accumulate != 0u) {
            total += dbias[i - size];
        }
        dbias[i - size] = total;
    }
}
