// request: hemisphere ambient light from a sky and a ground color
// paraphrase: ambient term that blends two colors by how far the normal points up
// paraphrase: outdoor fill light, blue from above and brown from below
// family: ambient
// tags: ambient, sky, light, shading
// difficulty: 1
// split: train
// source: the form factor (1 + cos) / 2 of a tilted plane to half of the sky
// picture: hemisphere_light(normalize(vec3f(2.2 * uv.x - 1.1, 1.1 - 2.2 * uv.y,
//     sqrt(max(1.0 - 4.84 * dot(uv - 0.5, uv - 0.5), 0.0)))), vec3f(0.0, 1.0, 0.0),
//     vec3f(0.6, 0.8, 1.0), vec3f(0.35, 0.22, 0.1))

/// Diffuse light on a surface between an even sky and an even ground of the given radiance: the
/// mean over its hemisphere, weighted by the cosine, to multiply by the albedo. `normal` and `up`
/// have length 1. This is exact, not only plausible: a plane tilted by θ sees (1 + cos θ) / 2 of
/// the sky.
fn hemisphere_light(normal: vec3f, up: vec3f, sky: vec3f, ground: vec3f) -> vec3f {
    return mix(ground, sky, 0.5 + 0.5 * dot(normal, up));
}
