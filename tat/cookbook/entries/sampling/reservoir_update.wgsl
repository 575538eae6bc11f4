// request: weighted reservoir sampling, stream one candidate in
// paraphrase: keep one of many light samples in proportion to weight without storing them
// paraphrase: update a ReSTIR reservoir with a new sample and its weight
// family: reservoir
// tags: monte-carlo, restir, streaming, resampling
// difficulty: 2
// split: test
// source: M. T. Chao, "A General Purpose Unequal Probability Sampling Plan", Biometrika 69(3),
//     1982; Bitterli et al., "Spatiotemporal Reservoir Resampling", SIGGRAPH 2020

struct Reservoir {
    chosen: u32, // the candidate kept so far
    count: u32, // candidates seen, those of weight 0 included
    weight_sum: f32,
}

/// The reservoir after one more candidate of `weight` (0 or more), for `u` uniform in [0, 1).
/// Each candidate seen is the chosen one with probability weight / weight_sum. One of weight 0
/// never is, even as the first.
fn reservoir_update(reservoir: Reservoir, candidate: u32, weight: f32, u: f32) -> Reservoir {
    let weight_sum = reservoir.weight_sum + weight;
    // u < weight / weight_sum, without dividing by a sum that may be 0
    let replaces = u * weight_sum < weight;
    let chosen = select(reservoir.chosen, candidate, replaces);
    return Reservoir(chosen, reservoir.count + 1u, weight_sum);
}
