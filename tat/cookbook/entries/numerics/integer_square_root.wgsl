// request: integer square root of a u32, rounded down exactly
// paraphrase: floor of sqrt(n) for any 32-bit unsigned integer
// paraphrase: exact isqrt from a float estimate and a correction
// family: integer roots
// tags: integer, sqrt, exact
// difficulty: 2
// split: test

/// Largest r with r * r <= `n`, exact for all 2³² inputs.
/// The f32 estimate is off by less than 1, although f32(n) drops up to 8 bits and a GPU's sqrt may
/// be a few ulp off, so one step either way mends it. 65536² does not fit 32 bits: r stops before.
fn integer_square_root(n: u32) -> u32 {
    let estimate = min(u32(sqrt(f32(n))), 65535u);
    if estimate * estimate > n {
        return estimate - 1u;
    }
    let next = estimate + 1u;
    return select(estimate, next, next <= 65535u && next * next <= n);
}
