// Which elements dropout keeps: a hash of (key, counter, element), the same bits on every backend.

// A 32-bit integer hash of low bias (constants of C. Wellons, hash-prospector).
fn mix_bits(value: u32) -> u32 {
    var x = (value ^ (value >> 16u)) * 0x7feb352du;
    x = (x ^ (x >> 15u)) * 0x846ca68bu;
    return x ^ (x >> 16u);
}

// The factor of element i, 0 or 1 / (1 - rate).
fn keep(i: u32) -> f32 {
    var base = params.key;
    for (var word = 0u; word < 3u; word++) {
        base = mix_bits(base ^ counter[word]);
    }
    let hash = mix_bits((i * 0x9e3779b1u) ^ base);
    return select(0.0, params.keep_scale, hash >= params.threshold);
}
