// request: brick wall pattern with mortar joints
// paraphrase: running bond bricks with a number for each brick and the distance to its edge
// paraphrase: procedural brick texture where every other row is shifted by half a brick
// family: brick
// tags: pattern, brick, tiles, texture, 2d
// difficulty: 2
// split: train
// picture: mix(vec3f(0.75, 0.72, 0.68), vec3f(0.62, 0.27, 0.2) * (0.85 + 0.15 * sin(
//     dot(brick_wall(uv, vec2f(0.25, 0.1), 0.015).xy, vec2f(12.9, 78.2)))),
//     smoothstep(0.0, 0.004, brick_wall(uv, vec2f(0.25, 0.1), 0.015).z))

/// The brick at `p`: its column and row (whole numbers, to vary colours by) and the depth of `p` in
/// it, which is negative in the mortar. `brick` is the size of a brick with its share of the
/// joints, `mortar` the width of a joint. Odd rows are shifted by half a brick.
fn brick_wall(p: vec2f, brick: vec2f, mortar: f32) -> vec3f {
    let row = floor(p.y / brick.y);
    let is_odd = row - 2.0 * floor(0.5 * row);
    let q = p / brick - vec2f(0.5 * is_odd, 0.0);
    let to_edges = (0.5 - abs(fract(q) - 0.5)) * brick;
    return vec3f(floor(q.x), row, min(to_edges.x, to_edges.y) - 0.5 * mortar);
}
