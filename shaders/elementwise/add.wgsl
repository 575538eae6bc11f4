// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

fn elements() -> u32 {
    return params.size;
}

fn make_element(i: u32) {
    y[i] = a[i] + b[i];
}
