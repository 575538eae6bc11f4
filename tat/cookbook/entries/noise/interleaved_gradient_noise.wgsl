// request: interleaved gradient noise of a pixel for dithering
// paraphrase: Jimenez dither noise from pixel coordinates, even over every 3 x 3 block
// paraphrase: per-pixel noise to rotate shadow samples that temporal filtering removes well
// family: dither noise
// tags: noise, dither, sampling, 2d
// difficulty: 1
// split: test
// source: J. Jimenez, "Next Generation Post Processing in Call of Duty", SIGGRAPH 2014
// picture: vec3f(step(interleaved_gradient_noise(vec2u(uv * 128.0)), uv.x))

/// Dither value of `pixel`, in [0, 1): neighbours differ much, and the values in any 3 x 3 block
/// are spread almost evenly.
/// The inner fraction, usually fract(0.06711056 x + 0.00583715 y), is taken in 32-bit fixed point:
/// that wraps for free and loses no digits at high pixel numbers.
fn interleaved_gradient_noise(pixel: vec2u) -> f32 {
    let phase = pixel.x * 288237660u + pixel.y * 25070368u;
    return fract(52.9829189 * (f32(phase >> 8u) * 0x1p-24));
}
