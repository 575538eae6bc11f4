// request: irradiance from a rectangular area light
// paraphrase: exact diffuse lighting from a parallelogram light source
// paraphrase: Lambert's form factor of a quad seen from a surface point
// family: area light
// tags: area-light, irradiance, form-factor, diffuse
// difficulty: 3
// split: train
// source: J. H. Lambert, "Photometria", 1760; Baum, Rushmeier and Winget, SIGGRAPH 1989
// picture: vec3f(quad_light_irradiance(vec3f(uv.x - 0.5, 0.0, uv.y - 0.5), vec3f(0.0, 1.0, 0.0),
//     vec3f(-0.25, 0.15, 0.0), vec3f(0.5, 0.0, 0.0), vec3f(0.0, 0.3, -0.2)))

/// What the edge between the directions `a` and `b` (length 1) adds: their angle, as a vector
/// perpendicular to both.
fn edge_integral(a: vec3f, b: vec3f) -> vec3f {
    let normal = cross(a, b);
    let sine = length(normal);
    return normal * (atan2(sine, dot(a, b)) / max(sine, 1e-7)); // acos is poor for short edges
}

/// Irradiance at `position`, with the unit `normal`, from a light that shines evenly and to both
/// sides with radiance 1: in [0, π], to multiply by its radiance. The light is the parallelogram
/// spanned at `corner` by `edge_u` and `edge_v`, and lies all above the surface's horizon.
/// The integral over its area becomes one along its outline: half the sum, over the edges, of the
/// angle that an edge covers, as a vector perpendicular to the plane through edge and viewer.
fn quad_light_irradiance(
    position: vec3f, normal: vec3f, corner: vec3f, edge_u: vec3f, edge_v: vec3f,
) -> f32 {
    let start = corner - position;
    let a = normalize(start);
    let b = normalize(start + edge_u);
    let c = normalize(start + edge_u + edge_v);
    let d = normalize(start + edge_v);
    let there = edge_integral(a, b) + edge_integral(b, c);
    let back = edge_integral(c, d) + edge_integral(d, a);
    return 0.5 * abs(dot(normal, there + back));
}
