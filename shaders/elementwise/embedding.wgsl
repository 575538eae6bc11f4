// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;

fn elements() -> u32 {
    return params.rows * params.width;
}

fn make_element(i: u32) {
    let id = min(ids[i / params.width], arrayLength(&table) / params.width - 1u);
    y[i] = table[id * params.width + i % params.width] * params.scale;
}
