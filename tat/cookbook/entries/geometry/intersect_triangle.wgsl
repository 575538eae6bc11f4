// request: intersect a ray with a triangle
// paraphrase: Moller-Trumbore ray-triangle test with barycentric coordinates
// paraphrase: distance and uv where a ray hits a triangle of a mesh
// family: ray triangle
// tags: raytracing, intersection, triangle, mesh
// difficulty: 2
// split: train
// source: Moller and Trumbore, "Fast, Minimum Storage Ray/Triangle Intersection", JGT 2(1), 1997
// picture: max(intersect_triangle(vec3f(uv, 1.0), vec3f(0.0, 0.0, -1.0), vec3f(0.5, 0.05, 0.0),
//     vec3f(0.05, 0.9, 0.2), vec3f(0.95, 0.9, 0.4)), vec3f(0.0))

/// Where the ray meets the triangle: (distance in lengths of `direction`, weight of `b`, weight of
/// `c`), the weight of `a` being the rest up to 1. (-1, 0, 0) is a miss. Both sides are hit.
/// Cramer's rule on origin + t direction = a + v (b - a) + w (c - a): volumes of boxes of edges.
/// Comparing the volumes before dividing by their common one also rules out an edge-on triangle.
fn intersect_triangle(origin: vec3f, direction: vec3f, a: vec3f, b: vec3f, c: vec3f) -> vec3f {
    let side_b = b - a;
    let side_c = c - a;
    let from_a = origin - a;
    let across = cross(direction, side_c);
    let turned = cross(from_a, side_b);
    let facing = sign(dot(side_b, across));
    let volume = facing * dot(side_b, across);
    let hit = facing * vec3f(dot(side_c, turned), dot(from_a, across), dot(direction, turned));
    if volume == 0.0 || any(hit < vec3f(0.0)) || hit.y + hit.z > volume {
        return vec3f(-1.0, 0.0, 0.0);
    }
    return hit / volume;
}
