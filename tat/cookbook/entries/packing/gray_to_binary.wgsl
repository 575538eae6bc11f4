// request: convert a Gray code to a binary number
// paraphrase: decode structured light stripe patterns stored as Gray code
// paraphrase: inverse of x xor (x shifted right by one)
// family: gray code
// tags: bits, gray-code, decoding
// difficulty: 1
// split: train
// source: F. Gray, "Pulse Code Communication", US patent 2632058, 1953

/// The number whose Gray code is `gray`; the code of n is n ^ (n >> 1), in which neighbouring
/// numbers differ in one bit. Each bit of the result is the parity of all bits of the code from
/// there up: a prefix sum modulo 2, done in five doublings instead of 31 steps.
fn gray_to_binary(gray: u32) -> u32 {
    var value = gray;
    value ^= value >> 1u;
    value ^= value >> 2u;
    value ^= value >> 4u;
    value ^= value >> 8u;
    value ^= value >> 16u;
    return value;
}
