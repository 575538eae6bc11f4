// request: dequantize eight signed 4-bit weights from a u32
// paraphrase: unpack int4 values packed in one word and scale them to floats
// paraphrase: expand two's complement nibbles for a quantized matrix product
// family: quantized weights
// tags: packing, int4, quantization, neural-network
// difficulty: 2
// split: train

/// The eight signed 4-bit numbers (-8 to 7) in `word`, times `scale`; the lowest nibble is first.
/// Each nibble is shifted to the top, which makes its own sign bit that of the i32, and back with
/// the sign in tow. No table, no comparison, four at a time.
fn unpack_int4(word: u32, scale: f32) -> mat2x4f {
    let words = vec4i(bitcast<i32>(word));
    let low = (words << vec4u(28u, 24u, 20u, 16u)) >> vec4u(28u);
    let high = (words << vec4u(12u, 8u, 4u, 0u)) >> vec4u(28u);
    return mat2x4f(scale * vec4f(low), scale * vec4f(high));
}
