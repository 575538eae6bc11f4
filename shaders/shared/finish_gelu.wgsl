// Stored is the result's GELU.
// import gelu

fn finish(i: u32, value: Element) -> Element {
    return gelu(value);
}
