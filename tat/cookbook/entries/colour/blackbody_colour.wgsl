// request: color of a black body at a temperature in kelvin
// paraphrase: light color from a color temperature, warm 2700 K to cold 10000 K
// paraphrase: color temperature to linear RGB for lamps, fire or stars
// family: black body
// tags: temperature, kelvin, light, physics, color
// difficulty: 2
// split: test
// source: M. Krystek, "An algorithm to calculate correlated colour temperature", 1985
// picture: pow(blackbody_colour(1000.0 + 11000.0 * uv.x), vec3f(1.0 / 2.2))

/// Linear sRGB colour of an ideal glowing body at `kelvin` (1000 to 15000), scaled so that its
/// largest channel is 1; red below about 6500 K, blue above.
/// Chromaticity (u, v) along the Planckian locus is a ratio of two parabolas, then becomes XYZ and
/// RGB. Below 1900 K the true colour is outside of sRGB, and blue stops at 0.
fn blackbody_colour(kelvin: f32) -> vec3f {
    let t = 1e-3 * kelvin;
    let u = (0.860117757 + t * (0.154118254 + t * 0.128641212))
        / (1.0 + t * (0.842420235 + t * 0.708145163));
    let v = (0.317398726 + t * (0.0422806245 + t * 0.0420481691))
        / (1.0 + t * (-0.0289741816 + t * 0.161456053));
    // XYZ in units of Y: x / y, 1 and z / y, where x : y = 3 u : 2 v.
    let xyz = vec3f(1.5 * u / v, 1.0, (2.0 - 0.5 * u) / v - 5.0);
    const TO_SRGB = mat3x3f(
        3.2404542, -0.9692660, 0.0556434,
        -1.5371385, 1.8760108, -0.2040259,
        -0.4985314, 0.0415560, 1.0572252,
    );
    let rgb = max(TO_SRGB * xyz, vec3f(0.0));
    return rgb / max(rgb.r, max(rgb.g, rgb.b));
}
