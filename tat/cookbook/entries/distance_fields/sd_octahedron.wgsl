// request: exact signed distance to a regular octahedron
// paraphrase: SDF of an octahedron centred at the origin with corners on the axes
// paraphrase: 3D distance field of a double pyramid, exact also near edges and corners
// family: octahedron
// tags: sdf, raymarching, polyhedron, 3d
// difficulty: 2
// split: test
// source: nearest point of a face, or of the edge it projects past, in one octant
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_octahedron(vec3f(uv - 0.5, 0.1), 0.35)))

/// Signed distance from `p` to the octahedron with corners at `radius` on the six half axes,
/// negative inside. By symmetry one face is enough: the one where x + y + z = radius, all of them
/// positive.
fn sd_octahedron(p: vec3f, radius: f32) -> f32 {
    let q = abs(p);
    let excess = q.x + q.y + q.z - radius;
    let least = min(q.x, min(q.y, q.z));
    // Straight down to the face every coordinate loses a third of the excess.
    if least >= excess / 3.0 {
        return excess / sqrt(3.0);
    }
    // The foot would leave the face over the edge opposite the least coordinate: from (radius, 0)
    // to (0, radius) in the other two.
    var others = q.xy;
    if least == q.x {
        others = q.yz;
    } else if least == q.y {
        others = q.xz;
    }
    let along = clamp(0.5 * (radius + others.x - others.y), 0.0, radius);
    return length(vec3f(others - vec2f(along, radius - along), least));
}
