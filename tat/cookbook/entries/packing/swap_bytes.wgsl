// request: reverse the byte order of a 32-bit word
// paraphrase: convert between big-endian and little-endian u32
// paraphrase: byte swap for reading network order data in a shader
// family: byte order
// tags: bits, endian, bytes
// difficulty: 1
// split: train
// source: H. S. Warren, "Hacker's Delight", section 7-1

/// The four bytes of `word` in reverse order: 0x11223344 becomes 0x44332211.
/// First the bytes of each half change places, all at once under a mask, then the halves.
fn swap_bytes(word: u32) -> u32 {
    let odd = (word >> 8u) & 0x00ff00ffu;
    let even = (word & 0x00ff00ffu) << 8u;
    let swapped = odd | even;
    return (swapped >> 16u) | (swapped << 16u);
}
