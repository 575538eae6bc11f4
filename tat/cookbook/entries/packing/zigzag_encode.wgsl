// request: zigzag encode a signed integer as unsigned
// paraphrase: map small positive and negative numbers to small u32 values
// paraphrase: interleave negative and positive deltas before bit packing
// family: variable length
// tags: bits, compression, delta
// difficulty: 1
// split: train
// source: Protocol Buffers encoding, signed integers

/// Numbers the integers outwards from zero: 0, -1, 1, -2, 2, … become 0, 1, 2, 3, 4, …, so that
/// small differences of either sign need few bits. Every `value` has a code of its own.
/// The shift of a negative i32 to the right copies its sign: it flips all bits or none.
/// To decode: (code >> 1) ^ -(code & 1).
fn zigzag_encode(value: i32) -> u32 {
    return bitcast<u32>((value << 1u) ^ (value >> 31u));
}
