// request: full 64-bit product of two 32-bit unsigned integers
// paraphrase: multiply u32 values and keep the high word as well
// paraphrase: mulhi for fixed-point math and Philox random numbers
// family: wide integers
// tags: bits, integer, multiplication, u64
// difficulty: 2
// split: test
// source: D. E. Knuth, "The Art of Computer Programming", volume 2, algorithm M of section 4.3.1

/// The exact product of `a` and `b` as (low word, high word).
/// Long multiplication with 16-bit digits: of four partial products, the two in the middle lie
/// across both words. Each sum below fits 32 bits, as (2¹⁶ - 1)² + 2 (2¹⁶ - 1) is 2³² - 1.
fn multiply_wide(a: u32, b: u32) -> vec2u {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let bottom = a_low * b_low;
    let middle = a_high * b_low + (bottom >> 16u);
    let crossed = a_low * b_high + (middle & 0xffffu);
    let top = a_high * b_high + (middle >> 16u) + (crossed >> 16u);
    return vec2u(a * b, top);
}
