// request: extended Reinhard tone mapping with a white point
// paraphrase: compress HDR luminance so that a chosen brightness becomes white
// paraphrase: Reinhard tonemapper on luminance that keeps the hue of colors
// family: reinhard
// tags: tonemapping, hdr, luminance, color
// difficulty: 1
// split: train
// source: Reinhard et al., "Photographic Tone Reproduction for Digital Images", SIGGRAPH 2002
// picture: step(vec3f(1.0 - uv.y), tone_map_reinhard(5.0 * uv.xxx, 4.0))

/// Maps linear HDR colour (0 and up) so that the luminance `white` (above 0) comes out as 1 and
/// dark tones stay as they are; a large `white` compresses everything below 1. All channels are
/// scaled alike, which keeps the hue; strong colours may exceed 1, so clamp or desaturate
/// afterwards.
fn tone_map_reinhard(hdr: vec3f, white: f32) -> vec3f {
    let luminance = dot(hdr, vec3f(0.2126, 0.7152, 0.0722));
    return hdr * (1.0 + luminance / (white * white)) / (1.0 + luminance);
}
