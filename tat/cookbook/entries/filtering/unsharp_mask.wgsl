// request: sharpen an image with an unsharp mask
// paraphrase: boost the detail of a texture by subtracting a blurred copy
// paraphrase: sharpening filter over a 3x3 neighbourhood of a pixel
// family: sharpening
// tags: sharpen, image, texture, post-processing
// difficulty: 1
// split: train
// source: Gonzalez and Woods, "Digital Image Processing", section 3.6

/// Colour of `image` at `pixel`, plus `amount` (0 and up) times what a 3 x 3 binomial blur takes
/// away. Alpha is left as it is, and edge pixels are repeated. The result may leave [0, 1].
fn unsharp_mask(image: texture_2d<f32>, pixel: vec2i, amount: f32) -> vec4f {
    let last = vec2i(textureDimensions(image)) - 1;
    let centre = textureLoad(image, pixel, 0);
    var blurred = vec3f(0.0);
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let tap = clamp(pixel + vec2i(x, y), vec2i(0), last);
            let weight = f32((2 - abs(x)) * (2 - abs(y))) / 16.0;
            blurred += weight * textureLoad(image, tap, 0).rgb;
        }
    }
    return vec4f(centre.rgb + amount * (centre.rgb - blurred), centre.a);
}
