// request: add two 64-bit unsigned integers stored as two u32 each
// paraphrase: 64-bit addition with carry in a shader without u64
// paraphrase: accumulate a large counter from low and high words
// family: wide integers
// tags: bits, integer, carry, u64
// difficulty: 1
// split: test
// source: D. E. Knuth, "The Art of Computer Programming", volume 2, algorithm A of section 4.3.1

/// Sum modulo 2⁶⁴ of `a` and `b`, each with its low word in x and its high word in y.
/// Unsigned addition wraps around, and just when it did, the sum is below what was added.
fn add_u64(a: vec2u, b: vec2u) -> vec2u {
    let low = a.x + b.x;
    let carry = select(0u, 1u, low < a.x);
    return vec2u(low, a.y + b.y + carry);
}
