// request: bilinear texture filtering by hand with textureLoad
// paraphrase: sample a 32-bit float texture smoothly although it cannot be filtered
// paraphrase: interpolate the four texels around a uv coordinate without a sampler
// family: texture interpolation
// tags: starter, texture, filter, interpolation
// difficulty: 2
// split: train
// source: WebGPU specification, texel centres at half-integers

/// Colour of level 0 of `image` at `uv`, weighted from the four nearest texels.
/// (0, 0) is the top left corner, (1, 1) the bottom right one; edges are clamped.
fn sample_bilinear(image: texture_2d<f32>, uv: vec2f) -> vec4f {
    let size = vec2i(textureDimensions(image));
    let position = uv * vec2f(size) - 0.5;
    let corner = vec2i(floor(position));
    let t = fract(position);
    let low = clamp(corner, vec2i(0), size - 1);
    let high = clamp(corner + 1, vec2i(0), size - 1);
    let top_left = textureLoad(image, low, 0);
    let top_right = textureLoad(image, vec2i(high.x, low.y), 0);
    let bottom_left = textureLoad(image, vec2i(low.x, high.y), 0);
    let bottom_right = textureLoad(image, high, 0);
    return mix(mix(top_left, top_right, t.x), mix(bottom_left, bottom_right, t.x), t.y);
}
