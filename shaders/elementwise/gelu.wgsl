// Grid: a thread for each Element of y, 256 a workgroup. No reduction.
// also gelu.quads: quads for scalars
// import each_element
// import scalars
// import gelu

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;

alias Y = Element;
alias X = Element;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    y[i] = Y(gelu(Element(x[i])));
}
