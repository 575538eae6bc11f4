// request: first two dimensions of the Sobol sequence
// paraphrase: Sobol (0,2)-sequence point from an index, without a table
// paraphrase: generate 2D quasi-random samples where every power-of-two prefix is stratified
// family: sobol
// tags: sobol, quasi-random, monte-carlo, 2d
// difficulty: 2
// split: train
// source: I. M. Sobol, USSR Computational Mathematics 7(4), 1967; Bratley and Fox, ACM TOMS 14, 1988

/// Element `index` of the two-dimensional Sobol sequence, in [0, 1)². Of any 2ⁿ consecutive
/// elements from a multiple of 2ⁿ on, each of the 2ⁿ boxes of any one dyadic shape holds one.
/// The directions of the second dimension come from x + 1: each is the last one, xor its half.
fn sobol_point(index: u32) -> vec2f {
    var y = 0u;
    var direction = 0x80000000u;
    for (var rest = index; rest != 0u; rest >>= 1u) {
        if (rest & 1u) != 0u {
            y ^= direction;
        }
        direction ^= direction >> 1u;
    }
    let x = reverseBits(index);
    return vec2f(f32(x >> 8u), f32(y >> 8u)) * 0x1p-24;
}
