// request: integrate a function numerically with Simpson's rule
// paraphrase: definite integral of a one-dimensional function by composite quadrature
// paraphrase: area under a curve from parabolas through equally spaced samples
// family: quadrature
// tags: integration, quadrature, numerics
// difficulty: 1
// split: train
// source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 25.4.6

/// The function to integrate; put your own here.
fn integrand(x: f32) -> f32 {
    return exp(-x * x);
}

/// Integral of `integrand` from `low` to `high` (negative if high is below low), from `pairs`
/// pairs of intervals, 1 or more. Doubling them divides the error by 16 while the function is
/// smooth, until rounding takes over at some hundred pairs.
fn simpson_rule(low: f32, high: f32, pairs: u32) -> f32 {
    let width = (high - low) / f32(2u * pairs);
    var odd = 0.0;
    var even = 0.0;
    for (var i = 0u; i < pairs; i++) {
        odd += integrand(low + f32(2u * i + 1u) * width);
        even += select(integrand(low + f32(2u * i) * width), 0.0, i == 0u);
    }
    let ends = integrand(low) + integrand(high);
    return width / 3.0 * (ends + 4.0 * odd + 2.0 * even);
}
