// Grid: a thread for each Element of y, 256 a workgroup. No reduction.
// also dropout.quads: quads for scalars
// import each_element
// import scalars
// import dropout

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<Element>;
@group(0) @binding(3) var<storage, read> counter: array<u32>;

alias Y = Element;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    y[i] = Y(x[i] * kept(i));
}
