// request: Gran Turismo tone mapping curve by Uchimura
// paraphrase: filmic tone curve from a toe, a linear section and a shoulder
// paraphrase: tonemapper with adjustable contrast and toe that leaves midtones linear
// family: filmic curve
// tags: tonemapping, hdr, filmic, color
// difficulty: 3
// split: train
// source: H. Uchimura, "HDR Theory and Practice", CEDEC 2017
// picture: step(vec3f(1.0 - uv.y), tone_map_uchimura(3.0 * uv.xxx, 1.0, 1.33))

/// Maps linear HDR colour (0 and up) to [0, 1], each channel by itself, in three pieces. A straight
/// line of slope `contrast` (about 1) goes through 0.22 and covers 40 % of the range above; below
/// lies a toe, a power of `toe` (1 none, 1.33 usual, 3 crushed blacks), above an exponential
/// shoulder that nears 1. Line and shoulder meet in value and slope; toe and line are blended.
fn tone_map_uchimura(hdr: vec3f, contrast: f32, toe: f32) -> vec3f {
    const LINE_START = vec3f(0.22);
    const LINE_SHARE = 0.4;
    let line_length = (1.0 - LINE_START) * LINE_SHARE / contrast;
    let line_end = LINE_START + line_length;
    let headroom = 1.0 - (LINE_START + contrast * line_length);
    let toe_piece = LINE_START * pow(hdr / LINE_START, vec3f(toe));
    let line_piece = LINE_START + contrast * (hdr - LINE_START);
    let shoulder_piece = 1.0 - headroom * exp(-contrast / headroom * (hdr - line_end));
    let lower = mix(toe_piece, line_piece, smoothstep(vec3f(0.0), LINE_START, hdr));
    return select(max(lower, vec3f(0.0)), shoulder_piece, hdr >= line_end);
}
