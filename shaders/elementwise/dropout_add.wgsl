// Grid: a thread for each Element of y, 256 a workgroup. No reduction.
// also dropout_add.quads: quads for scalars
// import each_element
// import scalars
// import dropout

@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<storage, read> residual: array<Element>;
@group(0) @binding(3) var<storage, read> x: array<X>;
@group(0) @binding(4) var<storage, read> counter: array<u32>;

alias X = Element;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    y[i] = residual[i] + Element(x[i]) * kept(i);
}
