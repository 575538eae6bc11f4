// request: convert a colour from HSV to RGB
// paraphrase: hue, saturation and value to red, green and blue
// paraphrase: make a rainbow color from a hue
// family: hsv
// tags: starter, hsv, hue, color
// difficulty: 1
// split: train
// source: A. R. Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978
// picture: hsv_to_rgb(vec3f(uv.x, 1.0 - uv.y, 1.0))

/// Converts hue (in turns, any real number), saturation and value (both in [0, 1]) to RGB in
/// [0, 1]; hue 0 is red, 1/3 green, 2/3 blue.
fn hsv_to_rgb(hsv: vec3f) -> vec3f {
    let phase = fract(hsv.x + vec3f(0.0, 2.0 / 3.0, 1.0 / 3.0));
    let pure_hue = saturate(abs(6.0 * phase - 3.0) - 1.0);
    return hsv.z * mix(vec3f(1.0), pure_hue, hsv.y);
}
