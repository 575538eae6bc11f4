// Which elements dropout keeps: a hash of (key, counter, element), the same bits on every backend.
// The importer declares: alias Element and what scalars or quads have besides.
// import hash

// Key and counter as one word of the hash of every element.
fn dropout_word() -> u32 {
    var word = params.key;
    for (var i = 0u; i < 3u; i++) {
        word = mix_bits(word ^ counter[i]);
    }
    return word;
}

// The factors of the numbers of Element i.
fn kept(i: u32) -> Element {
    let word = dropout_word();
    let j = i * WIDTH;
    return element_of(keep(word, j), keep(word, j + 1u), keep(word, j + 2u), keep(word, j + 3u));
}

// The factor of number i, 0 or 1 / (1 - rate).
fn keep(word: u32, i: u32) -> f32 {
    return select(0.0, params.keep_scale, element_hash(word, i) >= params.threshold);
}
