// request: barycentric coordinates of a point in a triangle
// paraphrase: weights of three corners for a position, to interpolate vertex attributes
// paraphrase: express a 3D point as a mix of triangle vertices
// family: barycentric
// tags: triangle, interpolation, barycentric, 3d
// difficulty: 1
// split: train
// source: Ericson, "Real-Time Collision Detection", section 3.4
// picture: barycentric_coordinates(vec3f(uv, 0.0), vec3f(0.5, 0.05, 0.0), vec3f(0.05, 0.95, 0.0),
//     vec3f(0.95, 0.95, 0.0))

/// Weights (of `a`, `b`, `c`), with sum 1, that mix the corners to `p`, or to the nearest point of
/// their plane. All are in [0, 1] if that is inside. The triangle must have an area.
/// Each weight is the area of the triangle that p makes with the opposite side, as a share.
fn barycentric_coordinates(p: vec3f, a: vec3f, b: vec3f, c: vec3f) -> vec3f {
    let normal = cross(b - a, c - a);
    let square = dot(normal, normal);
    let weight_b = dot(cross(p - a, c - a), normal) / square;
    let weight_c = dot(cross(b - a, p - a), normal) / square;
    return vec3f(1.0 - weight_b - weight_c, weight_b, weight_c);
}
