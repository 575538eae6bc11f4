// request: signed distance to a cone with a flat top
// paraphrase: SDF of a truncated cone along the y axis with two radii
// paraphrase: exact 3D distance field of a conical frustum
// family: cone
// tags: sdf, raymarching, cone, 3d
// difficulty: 2
// split: train
// source: distance to the profile, a trapezium, in the plane of axis and point
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_capped_cone(
//     vec3f(uv.x - 0.5, 0.5 - uv.y, 0.0), 0.25, 0.35, 0.12)))

/// Signed distance from `p` to a solid cone around the y axis, negative inside, with the radius
/// `bottom` at y = -half_height and `top` at y = half_height (0 or more; not both 0).
fn sd_capped_cone(p: vec3f, half_height: f32, bottom: f32, top: f32) -> f32 {
    let q = vec2f(length(p.xz), p.y);
    let cap_radius = select(top, bottom, q.y < 0.0);
    let to_cap = vec2f(max(q.x - cap_radius, 0.0), abs(q.y) - half_height);
    let slope = vec2f(top - bottom, 2.0 * half_height);
    let from_rim = q - vec2f(bottom, -half_height);
    let to_side = from_rim - slope * saturate(dot(from_rim, slope) / dot(slope, slope));
    let inside = to_cap.y < 0.0 && from_rim.x * slope.y < from_rim.y * slope.x;
    let gap = sqrt(min(dot(to_cap, to_cap), dot(to_side, to_side)));
    return select(gap, -gap, inside);
}
