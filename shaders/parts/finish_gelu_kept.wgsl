// Stored is the result's GELU, and beside it the result, which the backward pass asks for.
// import gelu

@group(0) @binding(_) var<storage, read_write> inner: array<Inner>;

alias Inner = Element;

fn beside(i: u32) -> Element {
    return Element();
}

fn finish(i: u32, value: Element, other: Element) -> Element {
    inner[i] = Inner(value);
    return gelu(value);
}
