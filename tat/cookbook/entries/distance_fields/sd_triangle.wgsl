// request: signed distance from a 2D point to a triangle
// paraphrase: SDF of an arbitrary triangle given by its three corners
// paraphrase: exact distance field of a triangle in the plane, corners in either order
// family: polygon distance
// tags: sdf, shape, triangle, 2d
// difficulty: 2
// split: test
// source: nearest point of a segment; C. Ericson, "Real-Time Collision Detection", 5.1.2
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_triangle(
//     uv, vec2f(0.2, 0.75), vec2f(0.5, 0.2), vec2f(0.85, 0.6))))

/// Shortest way to `p` from the segment from `a` to `b`.
fn way_from_segment(p: vec2f, a: vec2f, b: vec2f) -> vec2f {
    let edge = b - a;
    let t = dot(p - a, edge) / max(dot(edge, edge), 1e-12);
    return p - mix(a, b, saturate(t));
}

/// Twice the area of the triangle `a`, `b`, `p`; its sign tells the side of the edge `p` is on.
fn side_of_edge(p: vec2f, a: vec2f, b: vec2f) -> f32 {
    return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

/// Signed distance from `p` to the triangle, negative inside, whichever way round its corners go.
/// A triangle without area has no inside; the distance to its edges is still right.
fn sd_triangle(p: vec2f, a: vec2f, b: vec2f, c: vec2f) -> f32 {
    let to_ab = way_from_segment(p, a, b);
    let to_bc = way_from_segment(p, b, c);
    let to_ca = way_from_segment(p, c, a);
    let squares = vec3f(dot(to_ab, to_ab), dot(to_bc, to_bc), dot(to_ca, to_ca));
    let edge_distance = sqrt(min(squares.x, min(squares.y, squares.z)));
    let sides = vec3f(side_of_edge(p, a, b), side_of_edge(p, b, c), side_of_edge(p, c, a));
    let inside = all(sides > vec3f(0.0)) || all(sides < vec3f(0.0));
    return select(edge_distance, -edge_distance, inside);
}
