// request: shortest distance between two line segments in 3D
// paraphrase: how close do two segments come, for capsule against capsule collision
// paraphrase: minimum gap between two finite edges in space, parallel ones included
// family: line distance
// tags: segment, distance, collision, 3d
// difficulty: 3
// split: test
// source: Lumelsky, "On Fast Computation of Distance Between Line Segments", 1985

/// Distance of `p` from the segment that starts at `a` and runs along `side`.
fn point_to_segment(p: vec3f, a: vec3f, side: vec3f) -> f32 {
    let t = saturate(dot(p - a, side) / max(dot(side, side), 1e-30));
    return distance(p, a + t * side);
}

/// Shortest distance between the segments from `a` to `b` and from `c` to `d`, any of which may be
/// a single point. Two capsules touch where it is at most the sum of their radii.
/// Either the shortest way joins two inner points, at right angles to both, or it ends in one of
/// the four end points. Parallel segments have no single inner pair and need none.
fn segment_distance(a: vec3f, b: vec3f, c: vec3f, d: vec3f) -> f32 {
    let u = b - a;
    let v = d - c;
    let at_ends = min(
        min(point_to_segment(a, c, v), point_to_segment(b, c, v)),
        min(point_to_segment(c, a, u), point_to_segment(d, a, u)),
    );
    let normal = cross(u, v);
    let square = dot(normal, normal);
    // The lines come nearest at these fractions of the segments, times `square`.
    let s = dot(cross(c - a, v), normal);
    let t = dot(cross(c - a, u), normal);
    let inner = s > 0.0 && s < square && t > 0.0 && t < square;
    if !inner {
        return at_ends;
    }
    return min(at_ends, abs(dot(c - a, normal)) * inverseSqrt(square));
}
