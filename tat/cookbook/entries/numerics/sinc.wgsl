// request: normalized sinc function without dividing by zero
// paraphrase: sin(pi x) over pi x with the limit 1 at zero
// paraphrase: ideal low-pass filter kernel as a function of distance
// family: sinc
// tags: sinc, filter, signal
// difficulty: 1
// split: train
// source: P. M. Woodward, "Probability and Information Theory", 1953
// picture: vec3f(0.2 + 0.8 * sinc(16.0 * distance(uv, vec2f(0.5))))

/// sin(pi t) for any `t`, with an error below 1e-7 of its own.
fn sin_pi(t: f32) -> f32 {
    let whole = round(t);
    let angle = 3.14159265 * (t - whole); // the subtraction is exact
    let square = angle * angle;
    // The sine's series, each factor the quotient of two terms; a quarter turn needs six.
    let series = 1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0
        * (1.0 - square / 72.0 * (1.0 - square / 110.0))));
    let odd = fract(0.5 * whole) != 0.0;
    return select(angle, -angle, odd) * series;
}

/// sin(pi x) / (pi x), which is 1 at 0 and 0 at every other integer.
/// WGSL's sin may be off by 2^-11, however small its result: divided by a small x, that would show.
/// A sine made for this purpose has a small relative error near 0, and needs no care but at 0.
fn sinc(x: f32) -> f32 {
    if x == 0.0 {
        return 1.0;
    }
    return sin_pi(x) / (3.14159265 * x);
}
