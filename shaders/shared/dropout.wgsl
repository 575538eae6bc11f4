// Which elements dropout keeps: a hash of (key, counter, element), the same bits on every backend.
// import hash

// The factor of element i, 0 or 1 / (1 - rate).
fn keep(i: u32) -> f32 {
    var base = params.key;
    for (var word = 0u; word < 3u; word++) {
        base = mix_bits(base ^ counter[word]);
    }
    return select(0.0, params.keep_scale, element_hash(base, i) >= params.threshold);
}
