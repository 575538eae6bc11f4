// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element
// import dropout

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<X>;
@group(0) @binding(4) var<storage, read> counter: array<u32>;

alias X = f32;

fn elements() -> u32 {
    return params.size;
}

fn make_element(i: u32) {
    y[i] = residual[i] + f32(x[i]) * keep(dropout_word(), i);
}
