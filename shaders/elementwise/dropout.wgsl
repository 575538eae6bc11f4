// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element
// import dropout

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> counter: array<u32>;

alias Y = f32;

fn elements() -> u32 {
    return params.size;
}

fn make_element(i: u32) {
    y[i] = Y(x[i] * keep(dropout_word(), i));
}
