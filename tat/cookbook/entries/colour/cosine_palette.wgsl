// request: procedural color palette from cosines
// paraphrase: smooth cyclic gradient of colors from four vectors
// paraphrase: cosine gradient that maps a number to a color
// family: cosine palette
// tags: palette, gradient, procedural, color
// difficulty: 1
// split: train
// source: I. Quilez, "Procedural color palette"
// picture: cosine_palette(uv.x + 0.1 * sin(6.0 * uv.y),
//     vec3f(0.5), vec3f(0.5), vec3f(1.0, 1.0, 0.5), vec3f(0.8, 0.9, 0.3))

/// Colour at `t` of a palette in which each channel is a cosine wave: it swings by `contrast`
/// around `centre`, `cycles` times while t goes from 0 to 1 (whole numbers make it repeat without a
/// seam), and is brightest at t = -shift / cycles. Within [0, 1] if centre ± contrast is.
fn cosine_palette(t: f32, centre: vec3f, contrast: vec3f, cycles: vec3f, shift: vec3f) -> vec3f {
    let turns = t * cycles + shift;
    return centre + contrast * cos(6.2831853 * (turns - round(turns))); // precise from -π to π
}
