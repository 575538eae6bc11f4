// request: Hammersley point set for a known number of 2D samples
// paraphrase: low-discrepancy points in the unit square from an index and a count
// paraphrase: spread n samples evenly over a square using bit reversal
// family: radical inverse
// tags: hammersley, quasi-random, monte-carlo, 2d
// difficulty: 1
// split: train
// source: H. Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods", 1992, chapter 3

/// Point `index` of a set of `count` points (1 or more) in [0, 1)²: evenly spaced along x, and
/// along y the bits of the index mirrored at the binary point. Points of sets of different counts
/// do not belong together; take a sequence where the count is not known in advance.
fn hammersley_point(index: u32, count: u32) -> vec2f {
    let x = (f32(index) + 0.5) / f32(count);
    // 24 bits are what an f32 below 1 holds exactly; more could round up to 1.
    let y = f32(reverseBits(index) >> 8u) * 0x1p-24;
    return vec2f(x, y);
}
