// request: repeat a shape around the origin in equal sectors
// paraphrase: polar domain repetition of a 2D SDF, like the teeth of a gear
// paraphrase: rotate a point into the first of n sectors to draw n copies around a circle
// family: repetition
// tags: sdf, operator, repetition, polar, 2d
// difficulty: 1
// split: train
// source: I. Quilez, "Domain repetition"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, distance(
//     repeat_polar(uv - 0.5, 9u), vec2f(0.35, 0.0)) - 0.08))

/// Turns `p` about the origin by a multiple of a full turn / `count` (1 or more), into the sector
/// around the positive x axis. A shape drawn there appears `count` times, each copy turned, none
/// mirrored: inside its sector it need not be symmetric.
fn repeat_polar(p: vec2f, count: u32) -> vec2f {
    let sector = 6.2831853 / f32(count);
    let turn = sector * round(atan2(p.y, p.x + 1e-30) / sector); // so little keeps it off (0, 0)
    let c = cos(turn);
    let s = sin(turn);
    return vec2f(c * p.x + s * p.y, c * p.y - s * p.x);
}
