// request: convert sRGB to linear RGB
// paraphrase: decode a gamma encoded color to linear light with the exact sRGB curve
// paraphrase: inverse sRGB transfer function that also takes values below 0 and above 1
// family: srgb transfer
// tags: srgb, gamma, color
// difficulty: 1
// split: train
// source: IEC 61966-2-1:1999; extended range as in IEC 61966-2-2 (scRGB)
// picture: srgb_to_linear(vec3f(uv.x))

/// Decodes sRGB to linear light, nominally [0, 1] to [0, 1]: a straight line near black, a power of
/// 2.4 above it. Wide gamut and HDR values outside pass, too: the curve goes on above 1 and is
/// mirrored below 0, where a bare power would give NaN.
fn srgb_to_linear(encoded: vec3f) -> vec3f {
    let size = abs(encoded);
    let power = pow((size + 0.055) / 1.055, vec3f(2.4));
    return sign(encoded) * select(power, size / 12.92, size < vec3f(0.04045));
}
