// request: sample a discrete distribution in constant time with an alias table
// paraphrase: pick a light in proportion to its power with Walker's alias method
// paraphrase: choose an index by weight using one random number and one table lookup
// family: alias method
// tags: monte-carlo, discrete, importance-sampling, storage
// difficulty: 2
// split: train
// source: A. J. Walker, 1977; M. D. Vose, IEEE Transactions on Software Engineering 17(9), 1991

struct AliasBin {
    threshold: f32, // the bin's share of its own index, 0 to 1
    other: u32, // the index that owns the rest
}

@group(0) @binding(0) var<storage, read> alias_bins: array<AliasBin>;

/// Index drawn from the distribution of `alias_bins`, for `u` uniform in [0, 1).
/// All bins are equally likely; within a bin, the part of `u` behind the bin's number decides
/// between its two owners. A float has 24 bits for both: spend a second number above 2¹² bins.
fn sample_alias_table(u: f32) -> u32 {
    let count = arrayLength(&alias_bins);
    let scaled = u * f32(count);
    let index = min(u32(scaled), count - 1u); // u * count may round up to count
    let bin = alias_bins[index];
    return select(bin.other, index, scaled - f32(index) < bin.threshold);
}
