// request: signed distance to a circular arc with thickness and round ends
// paraphrase: SDF of a ring segment, for gauges and loading spinners
// paraphrase: distance field of a thick arc of a circle with a given opening angle
// family: arc
// tags: sdf, shape, arc, ring, ui, 2d
// difficulty: 2
// split: train
// source: nearest point of a circle, or of the arc's end past its opening
// picture: mix(vec3f(0.15, 0.75, 0.7), vec3f(0.08, 0.09, 0.12),
//     smoothstep(-0.004, 0.004, sd_arc(vec2f(uv.x - 0.5, 0.55 - uv.y), 2.2, 0.33, 0.12)))

/// Signed distance from `p` to an arc of the circle of `radius` around the origin, drawn with a
/// round pen of diameter `thickness`; negative inside. The arc reaches `half_angle` (0 to π
/// radians) to both sides of (0, radius): π gives the whole ring, 0 a dot.
fn sd_arc(p: vec2f, half_angle: f32, radius: f32, thickness: f32) -> f32 {
    let q = vec2f(abs(p.x), p.y);
    // Rounding may put the sine of π below 0, and the ring would then be cut at the bottom.
    let end = vec2f(max(sin(half_angle), 0.0), cos(half_angle));
    let beside_arc = q.x * end.y <= q.y * end.x;
    let to_arc = select(distance(q, radius * end), abs(length(q) - radius), beside_arc);
    return to_arc - 0.5 * thickness;
}
