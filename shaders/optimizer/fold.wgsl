// Grid: a thread for each Element of total, 256 a workgroup. No reduction.
// also fold.quads: quads for scalars
// import each_element
// import scalars

@group(0) @binding(1) var<storage, read_write> total: array<Total>;
@group(0) @binding(2) var<storage, read> x: array<Element>;

alias Total = Element;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    var sum = x[i];
    if (params.accumulate != 0u) {
        sum += Element(total[i]);
    }
    total[i] = Total(sum);
}
