// request: Catmull-Rom spline through four control points
// paraphrase: smooth curve that passes through its points, evaluated at t
// paraphrase: interpolate a camera path between keyframe positions with cubic pieces
// family: spline
// tags: spline, interpolation, curve, animation
// difficulty: 1
// split: train
// source: Catmull and Rom, "A Class of Local Interpolating Splines", 1974
// picture: catmull_rom(vec3f(0.9, 0.1, 0.1), vec3f(0.9, 0.3, 0.1), vec3f(0.1, 0.7, 0.6),
//     vec3f(0.2, 0.1, 0.9), 1.5 * uv.x - 0.25)

/// Point at `t` in [0, 1] on the piece from `p1` to `p2`; `p0` comes before it, `p3` after it.
/// The tangent at a point is half the way between its neighbours, so that pieces join smoothly.
fn catmull_rom(p0: vec3f, p1: vec3f, p2: vec3f, p3: vec3f, t: f32) -> vec3f {
    let slope = 0.5 * (p2 - p0);
    let cubic = 1.5 * (p1 - p2) + 0.5 * (p3 - p0);
    let square = (p2 - p1) - slope - cubic;
    return p1 + t * (slope + t * (square + t * cubic));
}
