// request: kaleidoscope fold of 2D coordinates
// paraphrase: mirror a point into one wedge for kaleidoscopic symmetry
// paraphrase: reflect uv coordinates around the center n times like mirrors
// family: kaleidoscope
// tags: pattern, kaleidoscope, symmetry, mirror, 2d
// difficulty: 1
// split: train
// source: dihedral symmetry
// picture: 0.5 + 0.5 * cos(20.0 * vec3f(kaleidoscope(uv - 0.5, 6u), length(uv - 0.5)).xyz
//     + vec3f(0.0, 2.0, 4.0) + 30.0 * kaleidoscope(uv - 0.5, 6u).x * kaleidoscope(uv - 0.5, 6u).y)

/// Mirrors `p` into the wedge between the positive x axis and the angle π / `mirrors`. Any picture
/// drawn in the wedge appears 2 x `mirrors` times around the origin, every other copy reversed,
/// without seams: the fold is continuous, and keeps distances.
fn kaleidoscope(p: vec2f, mirrors: u32) -> vec2f {
    let wedge = 3.14159265 / f32(mirrors);
    let turns = atan2(p.y, p.x + 1e-30) / (2.0 * wedge); // so little keeps atan2 off (0, 0)
    let angle = 2.0 * wedge * abs(turns - round(turns));
    return length(p) * vec2f(cos(angle), sin(angle));
}
