// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read> start: array<u32>;

fn elements() -> u32 {
    return params.batch * params.length * params.width;
}

fn make_element(i: u32) {
    let row = i / params.width;
    let position = start[row / params.length] + row % params.length;
    let known = min(position, arrayLength(&table) / params.width - 1u);
    y[i] = x[i] + table[known * params.width + i % params.width];
}
