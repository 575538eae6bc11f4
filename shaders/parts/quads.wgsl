// Elements are 4 neighbours in memory.

alias Element = vec4f;
const WIDTH: u32 = 4u; // numbers of an element

// An element of its numbers.
fn element_of(a: f32, b: f32, c: f32, d: f32) -> Element {
    return vec4f(a, b, c, d);
}
