// request: convert an OKLCH color to linear RGB
// paraphrase: lightness, chroma and hue in Oklab to linear sRGB like the CSS oklch function
// paraphrase: pick evenly bright colors by hue angle in a perceptual color space
// family: oklab
// tags: oklch, oklab, hue, perceptual, color-space, color
// difficulty: 2
// split: train
// source: B. Ottosson, "A perceptual color space for image processing", 2020; CSS Color Module 4
// picture: pow(saturate(oklch_to_linear(vec3f(0.9 - 0.5 * uv.y, 0.13, uv.x))), vec3f(1.0 / 2.2))

/// Converts lightness (0 to 1), chroma (0 to about 0.3) and hue (in turns; CSS gives degrees) to
/// linear light with sRGB primaries. Channels outside of [0, 1] tell that the display cannot show
/// the colour: lower the chroma, rather than clamp, to keep its hue.
fn oklch_to_linear(lch: vec3f) -> vec3f {
    let angle = 6.2831853 * (lch.z - round(lch.z));
    let a = lch.y * cos(angle);
    let b = lch.y * sin(angle);
    let roots = lch.x + vec3f(
        0.3963377774 * a + 0.2158037573 * b,
        -0.1055613458 * a - 0.0638541728 * b,
        -0.0894841775 * a - 1.2914855480 * b,
    );
    const FROM_CONES = mat3x3f(
        4.0767416621, -1.2684380046, -0.0041960863,
        -3.3077115913, 2.6097574011, -0.7034186147,
        0.2309699292, -0.3413193965, 1.7076147010,
    );
    return FROM_CONES * (roots * roots * roots);
}
