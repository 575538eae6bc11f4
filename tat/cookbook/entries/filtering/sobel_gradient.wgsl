// request: Sobel edge detection on a texture
// paraphrase: brightness gradient of an image at a pixel from its eight neighbours
// paraphrase: estimate the x and y slope of a height map with the Sobel operator
// family: image gradient
// tags: edge-detection, sobel, image, texture
// difficulty: 1
// split: train
// source: I. Sobel, "An Isotropic 3x3 Image Gradient Operator", 1968

/// Rate, per pixel to the right and downwards, at which the red channel of `image` changes around
/// `pixel`; its length says how strong an edge is. Edge pixels are repeated.
/// Each slope is a central difference, smoothed across with weights 1, 2, 1; the division by 8
/// makes it exact for a ramp.
fn sobel_gradient(image: texture_2d<f32>, pixel: vec2i) -> vec2f {
    let last = vec2i(textureDimensions(image)) - 1;
    var slope = vec2f(0.0);
    for (var i = -1; i <= 1; i++) {
        let weight = f32(2 - abs(i)) / 8.0;
        let left = textureLoad(image, clamp(pixel + vec2i(-1, i), vec2i(0), last), 0).r;
        let right = textureLoad(image, clamp(pixel + vec2i(1, i), vec2i(0), last), 0).r;
        let above = textureLoad(image, clamp(pixel + vec2i(i, -1), vec2i(0), last), 0).r;
        let below = textureLoad(image, clamp(pixel + vec2i(i, 1), vec2i(0), last), 0).r;
        slope += weight * vec2f(right - left, below - above);
    }
    return slope;
}
