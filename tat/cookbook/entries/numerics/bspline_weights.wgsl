// request: weights of a uniform cubic B-spline
// paraphrase: four cubic B-spline basis values for a fractional position
// paraphrase: blend four neighbouring samples with continuous curvature
// family: spline
// tags: spline, interpolation, filter, basis
// difficulty: 1
// split: train
// source: C. de Boor, "A Practical Guide to Splines", 1978
// picture: step(vec3f(1.0 - uv.y), 1.5 * bspline_weights(uv.x).xyz)

/// Weights of the control points at -1, 0, 1 and 2 for the position `t` in [0, 1] between 0 and 1.
/// They are never negative and add up to 1. The curve has two continuous derivatives; it comes
/// near its control points but does not pass through them.
fn bspline_weights(t: f32) -> vec4f {
    let s = 1.0 - t;
    let first = s * s * s;
    let last = t * t * t;
    let second = 4.0 - 3.0 * t * t * (1.0 + s);
    let third = 4.0 - 3.0 * s * s * (1.0 + t);
    return vec4f(first, second, third, last) / 6.0;
}
