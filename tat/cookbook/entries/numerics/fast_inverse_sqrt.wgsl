// request: fast inverse square root with the bit trick
// paraphrase: approximate 1 over sqrt(x) from the bits of a float
// paraphrase: the famous Quake III reciprocal square root hack
// family: bit tricks of floats
// tags: approximation, bits, newton
// difficulty: 1
// split: train
// source: C. Lomont, "Fast Inverse Square Root", 2003

/// 1 / sqrt(x) for normal `x` above 0, at most 0.18 % too small.
/// The bits of a float, read as an integer, are roughly a scaled logarithm: halving and negating
/// that takes the inverse root. One step of Newton's method mends the guess. A curiosity on GPUs,
/// where `inverseSqrt` is one instruction, but it ports code that must give these very values.
fn fast_inverse_sqrt(x: f32) -> f32 {
    let guess = bitcast<f32>(0x5f3759dfu - (bitcast<u32>(x) >> 1u));
    return guess * (1.5 - 0.5 * x * guess * guess);
}
