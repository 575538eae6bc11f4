// request: convert a colour from RGB to HSV
// paraphrase: red, green and blue to hue, saturation and value
// paraphrase: get the hue of an rgb color as a number from 0 to 1
// family: hsv
// tags: hsv, hue, color
// difficulty: 2
// split: train
// source: A. R. Smith, "Color Gamut Transform Pairs", SIGGRAPH 1978
// picture: vec3f(rgb_to_hsv(vec3f(uv, 1.0 - uv.x)).x)

/// Converts RGB in [0, 1] to hue (in turns, [0, 1)), saturation and value (in [0, 1]).
/// Greys have no hue and get 0; black has no saturation and gets 0.
fn rgb_to_hsv(rgb: vec3f) -> vec3f {
    let value = max(rgb.r, max(rgb.g, rgb.b));
    let chroma = value - min(rgb.r, min(rgb.g, rgb.b));
    if chroma <= 0.0 {
        return vec3f(0.0, 0.0, value);
    }
    // Sixths of a turn from the pure hue of the largest channel, towards its larger neighbour.
    let lead = (rgb.gbr - rgb.brg) / chroma;
    var sixths = 4.0 + lead.b;
    if value == rgb.r {
        sixths = lead.r;
    } else if value == rgb.g {
        sixths = 2.0 + lead.g;
    }
    return vec3f(fract(sixths / 6.0), chroma / value, value);
}
