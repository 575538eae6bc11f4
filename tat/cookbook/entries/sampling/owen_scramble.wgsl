// request: hash-based Owen scrambling of a Sobol sample
// paraphrase: randomise a low-discrepancy point per pixel without losing its stratification
// paraphrase: nested uniform scramble of a 32-bit fixed-point value with a seed
// family: scrambling
// tags: owen, sobol, quasi-random, hash
// difficulty: 2
// split: train
// source: B. Burley, "Practical Hash-Based Owen Scrambling", JCGT 9(4), 2020

/// Scrambles `value`, a fraction of 2³², so that each bit is flipped or not by `seed` and the bits
/// above it alone. Values that share their leading bits go on sharing as many, so strata stay
/// strata. Take another seed for each dimension and pixel.
fn owen_scramble(value: u32, seed: u32) -> u32 {
    // Adding, and xor with an even multiple, carry only upwards: work on the mirrored bits.
    var bits = reverseBits(value) + seed;
    bits ^= bits * 0x6c50b47cu;
    bits ^= bits * 0xb82f1e52u;
    bits ^= bits * 0xc7afe638u;
    bits ^= bits * 0x8d22f6e6u;
    return reverseBits(bits);
}
