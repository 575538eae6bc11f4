// dweight and dbias from the parts of split-K, added in their order.
// Grid: a thread for each 4 elements of dweight, then of dbias, 256 a workgroup.
// import each_element

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

fn elements() -> u32 {
    return (params.inputs + 1u) * params.outputs / 4u;
}

fn make_element(i: u32) {
    let width = params.outputs / 4u;
    let size = params.inputs * width;
    let parts = arrayLength(&partials) / (size + width);
    if (i < size) {
        var total = sum_parts(i, size, parts);
        if (params.accumulate != 0u) {
            total += dweight[i];
        }
        dweight[i] = total;
    } else {
        var total = sum_parts(parts * size + i - size, width, parts);
        if (params.accumulate != 0u) {
            total += dbias[i - size];
        }
        dbias[i - size] = total;
    }
}
