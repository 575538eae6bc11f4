// request: signed distance to a cylinder between two points
// paraphrase: SDF of a capped cylinder with flat ends and any orientation
// paraphrase: 3D distance field of a rod from a to b with a radius
// family: cylinder
// tags: sdf, raymarching, cylinder, 3d
// difficulty: 1
// split: test
// source: product of a segment and a disc
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, sd_cylinder(
//     vec3f(uv, 0.1), vec3f(0.3, 0.7, 0.0), vec3f(0.7, 0.3, 0.3), 0.2)))

/// Signed distance from `p` to the solid cylinder of `radius` with the axis from `a` to `b`, which
/// are different points; negative inside.
fn sd_cylinder(p: vec3f, a: vec3f, b: vec3f, radius: f32) -> f32 {
    let axis = normalize(b - a);
    let from_middle = p - 0.5 * (a + b);
    let height = dot(from_middle, axis);
    let past_cap = abs(height) - 0.5 * distance(a, b);
    let past_side = distance(from_middle, height * axis) - radius;
    let outside = length(vec2f(max(past_cap, 0.0), max(past_side, 0.0)));
    return outside + min(max(past_cap, past_side), 0.0);
}
