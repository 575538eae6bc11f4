// request: soft light blend mode of two colors
// paraphrase: lighten or darken a base color gently like soft light in an image editor
// paraphrase: W3C compositing formula for soft-light blending
// family: blend mode
// tags: blending, compositing, image, color
// difficulty: 2
// split: test
// source: W3C Compositing and Blending Level 1, soft-light
// picture: blend_soft_light(uv.xxx * vec3f(1.0, 0.8, 0.6), vec3f(uv.y, uv.y, 1.0 - uv.y))

/// Blends `top` over `base`, channels in [0, 1] as encoded for display: `top` below 0.5 darkens as
/// a diffuse shadow would, above 0.5 it lightens, 0.5 does nothing. Black and white stay as they
/// are. Lightening goes at most to the square root, which below 1/4 is replaced by a cubic that has
/// a finite slope at 0.
fn blend_soft_light(base: vec3f, top: vec3f) -> vec3f {
    let cubic = ((16.0 * base - 12.0) * base + 4.0) * base;
    let lightest = select(sqrt(base), cubic, base <= vec3f(0.25));
    let amount = 2.0 * top - 1.0;
    return base + amount * select(lightest - base, base - base * base, top <= vec3f(0.5));
}
