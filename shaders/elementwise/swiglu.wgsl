// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import each_element
// import sigmoid

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;

alias Y = f32;
alias X = f32;

fn elements() -> u32 {
    return params.rows * params.width;
}

fn make_element(i: u32) {
    let at = i / params.width * 2u * params.width + i % params.width;
    let gate = f32(x[at]);
    y[i] = Y(gate * sigmoid(gate) * f32(x[at + params.width]));
}
