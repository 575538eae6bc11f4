// dx from the parts of split-K, added in their order.
// Grid: a thread for each 4 elements of dx, 256 a workgroup.
// import each_element

@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read> partials: array<vec4f>;

fn elements() -> u32 {
    return params.rows * params.width / 4u;
}

fn make_element(i: u32) {
    let size = elements();
    var total = partials[i];
    for (var part = i + size; part < arrayLength(&partials); part += size) {
        total += partials[part];
    }
    dx[i] = total;
}
