// request: signed distance from a point to a 3D capsule between two end points
// paraphrase: SDF of a line segment with thickness and round caps in space
// paraphrase: distance field of a capsule given its end points and radius
// family: segment
// tags: starter, sdf, raymarching, 3d
// difficulty: 1
// split: train
// source: I. Quilez, "Distance functions"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, sd_capsule(
//     vec3f(uv, 0.0), vec3f(0.25, 0.7, 0.0), vec3f(0.75, 0.3, 0.0), 0.15)))

/// Signed distance from `p` to all points within `radius` of the segment from `a` to `b`,
/// negative inside; a sphere where `a` equals `b`.
fn sd_capsule(p: vec3f, a: vec3f, b: vec3f, radius: f32) -> f32 {
    let from_a = p - a;
    let axis = b - a;
    let t = saturate(dot(from_a, axis) / max(dot(axis, axis), 1e-12));
    return distance(from_a, t * axis) - radius;
}
