// request: Morton code of 2D integer coordinates
// paraphrase: Z-order index by interleaving the bits of x and y
// paraphrase: swizzle a texel address so that neighbours stay close in memory
// family: morton code
// tags: morton, z-order, bits, 2d
// difficulty: 2
// split: train
// source: G. M. Morton, "A Computer Oriented Geodetic Data Base", IBM, 1966
// picture: vec3f(f32(morton_encode_2d(vec2u(uv * 32.0))) / 1023.0)

/// Interleaves the lowest 16 bits of both coordinates of `cell`, x in the even bits: its place
/// along the Z-shaped curve that visits each square of side 2ⁿ as a whole.
/// Halves of a word are moved apart, then halves of those, down to single bits; both coordinates
/// travel in one vector.
fn morton_encode_2d(cell: vec2u) -> u32 {
    var spread = cell & vec2u(0xffffu);
    spread = (spread | (spread << vec2u(8u))) & vec2u(0x00ff00ffu);
    spread = (spread | (spread << vec2u(4u))) & vec2u(0x0f0f0f0fu);
    spread = (spread | (spread << vec2u(2u))) & vec2u(0x33333333u);
    spread = (spread | (spread << vec2u(1u))) & vec2u(0x55555555u);
    return spread.x | (spread.y << 1u);
}
