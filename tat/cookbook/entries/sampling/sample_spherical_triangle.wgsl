// request: uniform random direction within a spherical triangle
// paraphrase: sample a triangle light by solid angle instead of by area
// paraphrase: Arvo's stratified sampling of a triangle on the unit sphere
// family: spherical triangle sampling
// tags: monte-carlo, area-light, solid-angle, importance-sampling
// difficulty: 3
// split: test
// source: J. Arvo, "Stratified Sampling of Spherical Triangles", SIGGRAPH 1995

/// Unit vector within the spherical triangle of the unit vectors `a`, `b` and `c` (not on one
/// great circle), all directions alike, from two numbers `u` in [0, 1)²; its density is one over
/// the solid angle. u.x cuts the side from `a` to `c` so that the part next to `a` has that share
/// of the area; u.y goes from `b` towards the cut, evenly in the cosine.
fn sample_spherical_triangle(a: vec3f, b: vec3f, c: vec3f, u: vec2f) -> vec3f {
    let ab = dot(a, b);
    let bc = dot(b, c);
    let ca = dot(c, a);
    let volume = abs(dot(a, cross(b, c)));
    let area = 2.0 * atan2(volume, 1.0 + ab + bc + ca);
    let alpha = atan2(volume, bc - ab * ca); // the angle at a

    let s = sin(u.x * area - alpha);
    let t = cos(u.x * area - alpha);
    let v = t - cos(alpha);
    let w = s + sin(alpha) * ab;
    // Cosine of the arc from a to the cut, by Girard's theorem; rounding may take it past 1.
    let top = (w * t - v * s) * cos(alpha) - w;
    let bottom = (w * s + v * t) * sin(alpha);
    let cosine = clamp(top / bottom, -1.0, 1.0);
    let cut = cosine * a + sqrt(1.0 - cosine * cosine) * normalize(c - ca * a);

    let b_cut = dot(b, cut);
    let height = 1.0 - u.y * (1.0 - b_cut);
    let sideways = cut - b_cut * b;
    let reach = sqrt(max(1.0 - height * height, 0.0));
    return height * b + reach * normalize(sideways);
}
