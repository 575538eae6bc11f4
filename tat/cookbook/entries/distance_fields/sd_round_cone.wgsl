// request: signed distance to a round cone between two spheres of different radius
// paraphrase: SDF of a tapered capsule given its end points and radii
// paraphrase: distance field of two spheres and the cone around both, for limbs and branches
// family: segment
// tags: sdf, raymarching, cone, capsule, 3d
// difficulty: 3
// split: train
// source: the common tangent of two circles, in the plane of axis and point
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_round_cone(
//     vec3f(uv, 0.0), vec3f(0.3, 0.65, 0.0), vec3f(0.75, 0.3, 0.0), 0.2, 0.08)))

/// Signed distance from `p` to the convex hull of two balls: around `a` with `radius_a` and around
/// `b` with `radius_b`; negative inside. Where one ball holds the other, it is the larger ball.
fn sd_round_cone(p: vec3f, a: vec3f, b: vec3f, radius_a: f32, radius_b: f32) -> f32 {
    let to_a = distance(p, a) - radius_a;
    let to_b = distance(p, b) - radius_b;
    let size = distance(a, b);
    let taper = radius_a - radius_b;
    if size <= abs(taper) {
        return min(to_a, to_b);
    }
    let axis = (b - a) / size;
    let height = dot(p - a, axis);
    let away = distance(p - a, height * axis);
    // In coordinates (away, height) the side runs along `tangent`, from ball to ball.
    let sine = taper / size;
    let normal = vec2f(sqrt(1.0 - sine * sine), sine);
    let tangent = vec2f(-normal.y, normal.x);
    let along = dot(vec2f(away, height), tangent);
    if along <= 0.0 {
        return to_a;
    }
    if along >= size * tangent.y {
        return to_b;
    }
    return dot(vec2f(away, height), normal) - radius_a;
}
