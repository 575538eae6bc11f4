// Elements are single numbers.

alias Element = f32;
const WIDTH: u32 = 1u; // numbers of an element

// An element of its numbers, the first.
fn element_of(a: f32, b: f32, c: f32, d: f32) -> Element {
    return a;
}
