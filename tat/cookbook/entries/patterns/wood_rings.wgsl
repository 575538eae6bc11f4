// request: procedural wood grain with growth rings
// paraphrase: solid wood texture from a 3D position, light early wood and dark late wood
// paraphrase: wooden plank pattern of distorted concentric rings around the y axis
// family: wood
// tags: pattern, wood, texture, procedural, 3d
// difficulty: 2
// split: train
// picture: mix(vec3f(0.82, 0.6, 0.38), vec3f(0.45, 0.26, 0.13),
//     wood_rings(vec3f(9.0 * uv.x - 6.0, 3.0 * uv.y, 2.0 + 0.8 * uv.y)))

/// Share of dark late wood at `p`, in [0, 1], in a trunk along the y axis with rings about a unit
/// apart. A board is a plane through the trunk; scale `p` along y for longer or shorter grain.
/// Within a year the wood darkens slowly and ends at once, which is what tells wood from ripples.
fn wood_rings(p: vec3f) -> f32 {
    let bend = sin(vec2f(0.9, 1.1) * p.y + 1.7 * p.zx) + 0.4 * sin(2.6 * p.y + 3.1 * p.zx);
    let radius = length(p.xz + 0.2 * bend);
    let age = radius + 0.15 * sin(2.3 * radius); // years differ, but time goes forward
    let season = fract(age);
    return smoothstep(0.2, 0.9, season) - smoothstep(0.9, 1.0, season);
}
