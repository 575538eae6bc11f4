// request: position of the n-th set bit of a word
// paraphrase: select operation on a 32-bit mask
// paraphrase: find which lane holds the k-th one in a ballot mask
// family: bit selection
// tags: bits, popcount, select, ballot
// difficulty: 2
// split: test
// source: rank and select: G. Jacobson, "Space-Efficient Static Trees and Graphs", FOCS 1989

/// Position, 0 to 31, of the set bit of `word` that has `n` set bits below it; 32 if there is none.
/// A binary search by counting: if too few bits are set in the lower half, the wanted one is in
/// the upper half, and their number is taken off.
fn nth_set_bit(word: u32, n: u32) -> u32 {
    if n >= countOneBits(word) {
        return 32u;
    }
    var position = 0u;
    var left = n;
    for (var width = 16u; width > 0u; width /= 2u) {
        let below = countOneBits(extractBits(word, position, width));
        if left >= below {
            left -= below;
            position += width;
        }
    }
    return position;
}
