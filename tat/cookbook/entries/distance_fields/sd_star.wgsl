// request: signed distance to a star with any number of points
// paraphrase: SDF of a five-pointed star with an inner and an outer radius
// paraphrase: distance field of an n-pointed star shape in 2D
// family: star
// tags: sdf, shape, star, 2d
// difficulty: 2
// split: train
// source: folding by the symmetry of the star into half a point
// picture: mix(vec3f(1.0, 0.75, 0.2), vec3f(0.1, 0.12, 0.25),
//     smoothstep(-0.005, 0.005, sd_star(0.5 - uv, 5u, 0.4, 0.17)))

/// Exact signed distance from `p` to a star around the origin, negative inside. It has `points`
/// (2 or more) tips at the distance `outer`, one of them at (0, outer), with notches at `inner`
/// (0 to outer) between them.
fn sd_star(p: vec2f, points: u32, outer: f32, inner: f32) -> f32 {
    let half_point = 3.14159265 / f32(points);
    let angle = atan2(p.x, p.y + 1e-30); // so little keeps atan2 off (0, 0)
    let off_tip = abs(angle - 2.0 * half_point * round(0.5 * angle / half_point));
    // From a tip to the next notch one edge is left, and by symmetry it is the nearest of all.
    let q = length(p) * vec2f(cos(off_tip), sin(off_tip)) - vec2f(outer, 0.0);
    let edge = inner * vec2f(cos(half_point), sin(half_point)) - vec2f(outer, 0.0);
    let way = q - edge * saturate(dot(q, edge) / dot(edge, edge));
    let outside = edge.x * q.y < edge.y * q.x;
    return select(-length(way), length(way), outside);
}
