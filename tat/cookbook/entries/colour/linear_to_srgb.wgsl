// request: convert linear RGB to sRGB
// paraphrase: gamma encode a linear color for display with the exact sRGB curve
// paraphrase: sRGB transfer function, linear light to encoded values
// family: srgb transfer
// tags: starter, srgb, gamma, color
// difficulty: 1
// split: train
// source: IEC 61966-2-1:1999
// picture: linear_to_srgb(vec3f(uv.x))

/// Encodes linear light as sRGB; both in [0, 1], values outside are clamped.
/// A straight line near black, a power of 1 / 2.4 above it.
fn linear_to_srgb(linear: vec3f) -> vec3f {
    let light = saturate(linear);
    let line = 12.92 * light;
    let curve = 1.055 * pow(light, vec3f(1.0 / 2.4)) - 0.055;
    return select(curve, line, light <= vec3f(0.0031308));
}
