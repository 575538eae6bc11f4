// request: decode a unit vector from octahedral coordinates
// paraphrase: unpack a G-buffer normal stored as a vec2f
// paraphrase: inverse of the octahedral normal mapping
// family: octahedral
// tags: packing, normal, gbuffer
// difficulty: 1
// split: train
// source: Cigolle et al., "Survey of Efficient Representations for Independent Unit Vectors",
//     JCGT 3(2), 2014
// picture: 0.5 + 0.5 * octahedral_decode(2.0 * uv - 1.0)

/// The unit vector whose octahedral coordinates are `e`, in [-1, 1]²: (0, 0) gives +z, each of the
/// four corners -z. Any values do, so those of an 8-bit texture need no rounding beforehand.
fn octahedral_decode(e: vec2f) -> vec3f {
    let height = 1.0 - abs(e.x) - abs(e.y);
    // Below the equator the flap is folded back in, towards the middle from where it came.
    let fold = max(-height, 0.0);
    let sideways = e - select(vec2f(-fold), vec2f(fold), e >= vec2f(0.0));
    return normalize(vec3f(sideways, height));
}
