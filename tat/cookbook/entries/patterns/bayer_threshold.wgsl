// request: 8x8 Bayer matrix threshold for ordered dithering
// paraphrase: ordered dither threshold of a pixel without a lookup table
// paraphrase: Bayer dithering by interleaving the bits of x and y
// family: ordered dither
// tags: pattern, dither, bayer, quantization, 2d
// difficulty: 1
// split: train
// source: B. E. Bayer, "An Optimum Method for Two-Level Rendition of Continuous-Tone Pictures",
//     IEEE ICC 1973
// picture: vec3f(step(bayer_threshold(vec2u(uv * 64.0)), 1.0 - uv.y))

/// Threshold of `pixel` in the 8 x 8 Bayer matrix, an odd multiple of 1/128 in (0, 1): light the
/// pixel if its value is above it. The matrix is made from the 2 x 2 matrix (0 2; 3 1), each level
/// inside the cells of the last; so the lowest bits of x and y give the highest bits of the rank.
fn bayer_threshold(pixel: vec2u) -> f32 {
    var rank = 0u;
    for (var bit = 0u; bit < 3u; bit++) {
        let x = (pixel.x >> bit) & 1u;
        let y = (pixel.y >> bit) & 1u;
        rank = 4u * rank + 2u * (x ^ y) + y;
    }
    return (f32(rank) + 0.5) / 64.0;
}
