// Grid: a thread for each Element of dx, 256 a workgroup. No reduction.
// also gelu_backward.quads: quads for scalars
// import each_element
// import scalars
// import gelu

@group(0) @binding(1) var<storage, read_write> dx: array<Dx>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<X>;

alias Dx = Element;
alias Dy = Element;
alias X = Element;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    dx[i] = Dx(Element(dy[i]) * gelu_slope(Element(x[i])));
}
