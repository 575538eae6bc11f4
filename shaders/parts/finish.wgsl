// What is stored of a result: all of it. Fused kernels have another part in this one's place.

// What is read beside element i of the result, before anything is stored.
fn beside(i: u32) -> Element {
    return Element();
}

// What is stored of element i, which is `value`.
fn finish(i: u32, value: Element, other: Element) -> Element {
    return value;
}
