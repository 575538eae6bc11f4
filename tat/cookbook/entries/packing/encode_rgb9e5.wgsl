// request: encode an HDR colour with a shared exponent as RGB9E5
// paraphrase: pack linear RGB radiance into 32 bits, nine bits per channel and a common exponent
// paraphrase: write an rgb9e5ufloat texel from a shader
// family: shared exponent
// tags: packing, hdr, color, float
// difficulty: 3
// split: train
// source: OpenGL extension EXT_texture_shared_exponent

/// The texel of format rgb9e5ufloat for linear `colour`, clamped to [0, 65408]: red in the lowest
/// nine bits, then green, blue, and the exponent in the top five. All channels are rounded to the
/// same step, 1 / 511 to 1 / 256 of the largest, so that a much darker one loses its digits.
/// The exponent comes from the bits of the largest channel: log2 of a GPU may be off by one just
/// below a power of two. Rounding can carry that channel to 512, which takes the next exponent.
fn encode_rgb9e5(colour: vec3f) -> u32 {
    let c = clamp(colour, vec3f(0.0), vec3f(65408.0));
    let largest = max(max(c.r, c.g), c.b);
    let magnitude = i32(bitcast<u32>(largest) >> 23u) - 127; // floor(log2), tiny for 0
    var exponent = max(magnitude, -16) + 16;
    // Multiplying by a power of two, made from its bits, is exact.
    var scale = bitcast<f32>(u32(127 + 24 - exponent) << 23u);
    if u32(largest * scale + 0.5) == 512u {
        exponent += 1;
        scale *= 0.5;
    }
    let q = vec3u(c * scale + 0.5);
    return q.r | (q.g << 9u) | (q.b << 18u) | (u32(exponent) << 27u);
}
