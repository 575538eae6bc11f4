// request: surface normal of a signed distance field
// paraphrase: gradient of an SDF scene from four samples for shading
// paraphrase: estimate the normal in a raymarcher with the tetrahedron technique
// family: raymarching
// tags: sdf, raymarching, normal, gradient, 3d
// difficulty: 2
// split: train
// source: finite differences over a regular tetrahedron; I. Quilez, "Normals for an SDF"
// picture: 0.5 + 0.5 * surface_normal(vec3f(2.0 * uv.x - 1.0, 0.4, 2.0 * uv.y - 1.0))

/// The scene; put your own here. A torus around the y axis.
fn scene_distance(p: vec3f) -> f32 {
    return length(vec2f(length(p.xz) - 0.6, p.y)) - 0.25;
}

/// Unit normal at `p`, on or near the surface: the direction in which the distance grows fastest.
/// Samples at the four corners of a tetrahedron, weighted by the corners, sum to a multiple of the
/// gradient; the value itself cancels. Central differences need six. In exchange the error is of
/// the order of the step times the curvature, not its square; a smaller step would drown in
/// rounding.
fn surface_normal(p: vec3f) -> vec3f {
    const STEP = 1e-3;
    var gradient = vec3f(0.0);
    for (var i = 0u; i < 4u; i++) {
        let odd = vec3u((i + 3u) >> 1u, i >> 1u, i) & vec3u(1u);
        let corner = 2.0 * vec3f(odd) - 1.0; // (1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)
        gradient += corner * scene_distance(p + STEP * corner);
    }
    return normalize(gradient);
}
