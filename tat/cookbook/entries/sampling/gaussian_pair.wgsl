// request: normally distributed random numbers from two uniform ones
// paraphrase: Box-Muller transform giving a pair of Gaussian samples
// paraphrase: turn uniform random values into a standard normal distribution
// family: normal variates
// tags: random, gaussian, monte-carlo
// difficulty: 1
// split: train
// source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958

/// Two independent numbers of mean 0 and variance 1 from two uniform numbers `u` in [0, 1).
/// The radius takes log(1 - u.x), not log(u.x): u may be 0 but never 1. With 24 random bits no
/// number is beyond 5.8.
fn gaussian_pair(u: vec2f) -> vec2f {
    let radius = sqrt(-2.0 * log(1.0 - u.x));
    let angle = 6.2831853 * u.y;
    return radius * vec2f(cos(angle), sin(angle));
}
