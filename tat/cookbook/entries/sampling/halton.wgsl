// request: Halton low-discrepancy sequence in a given base
// paraphrase: radical inverse of an index, for quasi-random sample points
// paraphrase: van der Corput sequence with any base
// family: radical inverse
// tags: starter, halton, quasi-random, monte-carlo
// difficulty: 1
// split: train
// source: J. H. Halton, Numerische Mathematik 2, 1960

/// Element `index` of the van der Corput sequence in `base` (2 or more), in [0, 1):
/// the digits of the index mirrored at the point. Use coprime bases for several dimensions.
fn halton(index: u32, base: u32) -> f32 {
    var digits = index;
    var place = 1.0;
    var result = 0.0;
    while digits > 0u {
        place /= f32(base);
        result += place * f32(digits % base);
        digits /= base;
    }
    return result;
}
