// request: numerically stable softplus function
// paraphrase: log of one plus exp(x) that does not overflow
// paraphrase: smooth version of max(x, 0) for neural networks
// family: softplus
// tags: activation, neural-network, stable
// difficulty: 1
// split: test
// source: Dugas et al., "Incorporating Second-Order Functional Knowledge", NIPS 2000

/// log(1 + exp(x)), for any finite `x`: about exp(x) far below 0 and about x far above it.
/// The exponential is taken of -|x|, which cannot overflow, and what is left out of it is x itself.
/// An exponential too small to move 1 is its own log(1 + e), to the first order.
fn softplus(x: f32) -> f32 {
    let small = exp(-abs(x));
    let correction = select(log(1.0 + small), small - 0.5 * small * small, small < 2e-3);
    return max(x, 0.0) + correction;
}
