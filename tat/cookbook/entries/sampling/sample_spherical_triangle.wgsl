// request: uniform random direction within a spherical triangle
// paraphrase: sample a triangle light by solid angle instead of by area
// paraphrase: Arvo's stratified sampling of a triangle on the unit sphere
// family: spherical triangle sampling
// tags: monte-carlo, area-light, solid-angle, importance-sampling
// difficulty: 3
// split: test
// source: J. Arvo, "Stratified Sampling of Spherical Triangles", SIGGRAPH 1995; the cut follows from
//     Van Oosterom and Strackee, IEEE TBME 30(2), 1983

/// Unit vector within the spherical triangle of the unit vectors `a`, `b` and `c` (not on one
/// great circle), all directions alike, from two numbers `u` in [0, 1)²; its density is one over
/// the solid angle. u.x cuts the side from `a` to `c` so that the part next to `a` has that share
/// of the area; u.y goes from `b` towards the cut, evenly in the cosine.
/// The tangent of half an area is volume over closeness. For a corner at the angle t from a, both
/// are linear in sin(t) and cos(t), so that the tangent of t / 2 is a fraction of known terms.
fn sample_spherical_triangle(a: vec3f, b: vec3f, c: vec3f, u: vec2f) -> vec3f {
    let ab = dot(a, b);
    let volume = abs(dot(a, cross(b, c)));
    let half_area = atan2(volume, 1.0 + ab + dot(b, c) + dot(c, a));

    let towards_c = normalize(c - dot(c, a) * a);
    let lift = abs(dot(towards_c, cross(a, b)));
    let share = u.x * half_area;
    let top = sin(share) * (1.0 + ab);
    let bottom = cos(share) * lift - sin(share) * dot(b, towards_c);
    let straight = bottom * bottom - top * top;
    let cut = normalize(straight * a + 2.0 * top * bottom * towards_c);

    let b_cut = dot(b, cut);
    let height = 1.0 - u.y * (1.0 - b_cut);
    let sideways = normalize(cut - b_cut * b);
    return height * b + sqrt(max(1.0 - height * height, 0.0)) * sideways;
}
