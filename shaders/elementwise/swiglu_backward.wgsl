// Grid: a thread for each element of dy, which makes two of dx, 256 a workgroup. No reduction.
// import each_element
// import sigmoid

@group(0) @binding(1) var<storage, read_write> dx: array<Dx>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<X>;

alias Dx = f32;
alias Dy = f32;
alias X = f32;

fn elements() -> u32 {
    return params.rows * params.width;
}

fn make_element(i: u32) {
    let at = i / params.width * 2u * params.width + i % params.width;
    let gate = f32(x[at]);
    let part = sigmoid(gate);
    let above = f32(dy[i]);
    dx[at] = Dx(above * f32(x[at + params.width]) * part * (1.0 + gate * (1.0 - part)));
    dx[at + params.width] = Dx(above * gate * part);
}
