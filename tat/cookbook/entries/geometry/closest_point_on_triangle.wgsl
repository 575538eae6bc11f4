// request: closest point on a triangle to a given point
// paraphrase: project a 3D position onto a triangle, clamped to its edges and corners
// paraphrase: nearest surface point of a mesh triangle for collision or distance fields
// family: closest point
// tags: triangle, distance, collision, 3d
// difficulty: 3
// split: train
// source: Eberly, "Distance Between Point and Triangle in 3D", 1999, with the cases merged
// picture: vec3f(3.0 * distance(vec3f(uv, 0.0), closest_point_on_triangle(vec3f(uv, 0.0),
//     vec3f(0.5, 0.2, 0.0), vec3f(0.2, 0.75, 0.0), vec3f(0.8, 0.6, 0.0))))

/// The point of the segment that starts at `a` and runs along `side` which is nearest to `p`.
fn closest_point_along(p: vec3f, a: vec3f, side: vec3f) -> vec3f {
    return a + saturate(dot(p - a, side) / max(dot(side, side), 1e-30)) * side;
}

/// The point of the triangle of `a`, `b` and `c` that is nearest to `p`. The triangle may be as
/// thin as a segment or a point.
/// If p projects to the inside, the projection is nearest; if not, some point of an edge is, and
/// of the three edges' nearest points the best one. Corners need no case of their own.
fn closest_point_on_triangle(p: vec3f, a: vec3f, b: vec3f, c: vec3f) -> vec3f {
    let normal = cross(b - a, c - a);
    let inside_ab = dot(cross(b - a, p - a), normal) > 0.0;
    let inside_bc = dot(cross(c - b, p - b), normal) > 0.0;
    let inside_ca = dot(cross(a - c, p - c), normal) > 0.0;
    if inside_ab && inside_bc && inside_ca {
        return p - normal * (dot(p - a, normal) / dot(normal, normal));
    }
    let on_ab = closest_point_along(p, a, b - a);
    let on_bc = closest_point_along(p, b, c - b);
    let on_ca = closest_point_along(p, c, a - c);
    let nearer = select(on_bc, on_ab, distance(p, on_ab) < distance(p, on_bc));
    return select(on_ca, nearer, distance(p, nearer) < distance(p, on_ca));
}
