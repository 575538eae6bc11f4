// request: R2 quasi-random sequence in two dimensions
// paraphrase: golden ratio style low-discrepancy points in the plane
// paraphrase: additive recurrence with the plastic number for well spread sample points
// family: additive recurrence
// tags: quasi-random, golden-ratio, monte-carlo, 2d
// difficulty: 1
// split: test
// source: M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018

/// Element `index` of the R2 sequence, in [0, 1)²: each step adds 1 / p and 1 / p² modulo 1, where
/// p = 1.3247 solves p³ = p + 1. The steps are kept as fractions of 2³², where adding wraps around
/// by itself and late elements are as precise as early ones; floats would lose a bit per doubling.
fn r2_point(index: u32) -> vec2f {
    let step = vec2u(3242174889u, 2447445414u);
    let position = 0x80000000u + index * step;
    return vec2f(position >> vec2u(8u)) * 0x1p-24;
}
