// Grid: a thread for each element of average, 256 a workgroup. No reduction.
// import each_element
// import finite

@group(0) @binding(1) var<storage, read_write> average: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;

fn elements() -> u32 {
    return params.size;
}

fn make_element(i: u32) {
    if (is_finite(scale[0])) {
        average[i] += params.step * (weights[i] - average[i]);
    }
}
