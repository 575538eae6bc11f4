// The end of a kernel: its result is stored as it is. Fused kernels have another part instead.

// A value to read beside element i of the result, before anything is stored.
fn beside(i: u32) -> Element {
    return Element();
}

// The value to store at element i.
fn finish(i: u32, value: Element, other: Element) -> Element {
    return value;
}
