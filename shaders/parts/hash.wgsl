// Random bits by counting: a hash of words and of an element's index, the same on every backend.

// A 32-bit integer hash of low bias (constants of C. Wellons, hash-prospector).
fn mix_bits(value: u32) -> u32 {
    var x = (value ^ (value >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    return x ^ (x >> 16u);
}

// The bits of element i, of a word that stands for all others.
fn element_hash(base: u32, i: u32) -> u32 {
    return mix_bits((i * 0x9e3779b1u) ^ base);
}
