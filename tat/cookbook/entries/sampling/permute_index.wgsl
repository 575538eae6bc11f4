// request: pseudo-random permutation of 0 to n-1 without storing it
// paraphrase: shuffle indices statelessly, each number below n exactly once
// paraphrase: visit all elements of a range in random order by computing each position
// family: index permutation
// tags: shuffle, permutation, hash, stratified
// difficulty: 3
// split: train
// source: cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002

/// One round of mixing on the lowest bits selected by `mask`, invertible whatever the key.
fn permutation_round(value: u32, key: u32, mask: u32, shift: u32) -> u32 {
    let keyed = ((value ^ key) * ((key >> 8u) | 1u)) & mask;
    return keyed ^ (keyed >> shift);
}

/// Where `index` (below `length`, which is 1 to 2³¹) goes in the shuffle that `seed` stands for:
/// as index runs over the range, so does the result, each value once.
/// The rounds permute the next power of two. Whoever lands beyond the range walks on along its
/// cycle; it began inside, so it comes back, after fewer than two passes on average.
fn permute_index(index: u32, length: u32, seed: u32) -> u32 {
    let bits = max(32u - countLeadingZeros(length - 1u), 1u);
    let mask = (1u << bits) - 1u;
    let shift = bits / 2u + 1u;
    var place = index;
    loop {
        var key = seed * 0x9e3779b1u + 0x7f4a7c15u;
        for (var round = 0u; round < 4u; round++) {
            key = (key ^ (key >> 15u)) * 0x2c1b3c6du;
            place = permutation_round(place, key, mask, shift);
        }
        if place < length {
            break;
        }
    }
    return place;
}
