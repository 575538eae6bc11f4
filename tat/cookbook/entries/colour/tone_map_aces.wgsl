// request: ACES filmic tone mapping of an HDR colour
// paraphrase: compress linear HDR radiance to displayable range with the ACES curve fit
// paraphrase: cheap filmic tonemapper that rolls off highlights like ACES
// family: filmic curve
// tags: starter, tonemapping, hdr, color
// difficulty: 1
// split: train
// source: K. Narkowicz, "ACES Filmic Tone Mapping Curve", 2016
// picture: step(vec3f(1.0 - uv.y), tone_map_aces(4.0 * uv.xxx))

/// Maps linear HDR colour (0 and up) to linear display colour in [0, 1], each channel by itself:
/// a rational fit of the ACES reference rendering.
fn tone_map_aces(hdr: vec3f) -> vec3f {
    let numerator = hdr * (2.51 * hdr + 0.03);
    let denominator = hdr * (2.43 * hdr + 0.59) + 0.14;
    return saturate(numerator / denominator);
}
