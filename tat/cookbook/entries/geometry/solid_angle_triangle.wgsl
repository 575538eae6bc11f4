// request: solid angle of a triangle as seen from a point
// paraphrase: how much of the view does a triangle cover, in steradians
// paraphrase: solid angle subtended by a triangular area light
// family: solid angle
// tags: triangle, solid-angle, area-light, 3d
// difficulty: 2
// split: train
// source: Van Oosterom and Strackee, "The Solid Angle of a Plane Triangle", IEEE TBME 30(2), 1983

/// Solid angle, 0 to 2 pi steradians, of the triangle with corners at `a`, `b` and `c` as seen from
/// the origin; 2 pi from within it, 0 edge-on. No corner may be at the origin.
/// The formula is the tangent of half of it. Past pi its denominator turns negative, which atan2
/// takes care of.
fn solid_angle_triangle(a: vec3f, b: vec3f, c: vec3f) -> f32 {
    let u = normalize(a);
    let v = normalize(b);
    let w = normalize(c);
    let volume = abs(dot(u, cross(v, w)));
    let closeness = 1.0 + dot(u, v) + dot(v, w) + dot(w, u);
    return 2.0 * atan2(volume, closeness);
}
