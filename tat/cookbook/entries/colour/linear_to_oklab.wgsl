// request: convert linear RGB to the Oklab color space
// paraphrase: perceptually uniform lightness and opponent colors from linear sRGB
// paraphrase: linear light to Oklab for blending colors or comparing them
// family: oklab
// tags: oklab, perceptual, color-space, color
// difficulty: 2
// split: train
// source: B. Ottosson, "A perceptual color space for image processing", 2020
// picture: vec3f(linear_to_oklab(vec3f(uv.x, uv.y, 0.5)).x)

/// Converts linear light with sRGB primaries to Oklab: lightness (0 black, 1 white), a (green - to
/// red +) and b (blue - to yellow +), both within about ±0.4.
/// Responses of the three kinds of cones are compressed by a cube root and then mixed. Colours
/// outside of the sRGB gamut are welcome: the root keeps the sign.
fn linear_to_oklab(linear: vec3f) -> vec3f {
    const TO_CONES = mat3x3f(
        0.4122214708, 0.2119034982, 0.0883024619,
        0.5363325363, 0.6806995451, 0.2817188376,
        0.0514459929, 0.1073969566, 0.6299787005,
    );
    const TO_LAB = mat3x3f(
        0.2104542553, 1.9779984951, 0.0259040371,
        0.7936177850, -2.4285922050, 0.7827717662,
        -0.0040720468, 0.4505937099, -0.8086757660,
    );
    let cones = TO_CONES * linear;
    return TO_LAB * (sign(cones) * pow(abs(cones), vec3f(1.0 / 3.0)));
}
