// request: pack two floats as bfloat16 with correct rounding
// paraphrase: convert f32 to bf16, round to nearest even, two per u32
// paraphrase: halve the memory of neural network weights by keeping the top 16 bits
// family: small floats
// tags: packing, bfloat16, rounding, neural-network
// difficulty: 2
// split: train
// source: round to nearest even of IEEE 754-2019, section 4.3.1

/// The bfloat16 of `values.x` in the low half and of `values.y` in the high half; unpack them as
/// bitcast<f32>(word << 16) and bitcast<f32>(word & 0xffff0000). Finite values and infinities.
/// Cutting the bits off would round towards zero. Adding half a step first rounds to nearest, and
/// one less than half, plus the last bit that is kept, sends ties to even. A carry into the
/// exponent is right as well: it is the next power of two.
fn pack_bfloat16(values: vec2f) -> u32 {
    let bits = bitcast<vec2u>(values);
    let last = (bits >> vec2u(16u)) & vec2u(1u);
    let rounded = bits + 0x7fffu + last;
    return (rounded.x >> 16u) | (rounded.y & 0xffff0000u);
}
