// request: decode a 30-bit Morton code into 3D coordinates
// paraphrase: voxel position from its Z-order index
// paraphrase: deinterleave the bits of an octree key into x, y and z
// family: morton code
// tags: morton, z-order, bits, voxel, 3d
// difficulty: 2
// split: train
// source: G. M. Morton, "A Computer Oriented Geodetic Data Base", IBM, 1966
// picture: vec3f(morton_decode_3d(u32(uv.x * 64.0) + 64u * u32(uv.y * 64.0))) / 15.0

/// The cell, 0 to 1023 along each axis, whose bits are interleaved in `code`: … z1 y1 x1 z0 y0 x0.
/// Every third bit is kept, then they are pushed together in groups of 1, 2, 4 and 8, all three
/// axes in one vector.
fn morton_decode_3d(code: u32) -> vec3u {
    var packed = (vec3u(code) >> vec3u(0u, 1u, 2u)) & vec3u(0x09249249u);
    packed = (packed | (packed >> vec3u(2u))) & vec3u(0x030c30c3u);
    packed = (packed | (packed >> vec3u(4u))) & vec3u(0x0300f00fu);
    packed = (packed | (packed >> vec3u(8u))) & vec3u(0x030000ffu);
    return (packed | (packed >> vec3u(16u))) & vec3u(0x3ffu);
}
