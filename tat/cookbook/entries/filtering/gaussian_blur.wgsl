// request: Gaussian blur of an image, one separable pass in a compute shader
// paraphrase: blur a texture along rows or columns with Gaussian weights
// paraphrase: compute kernel for a separable Gaussian filter with a radius and a sigma
// family: gaussian blur
// tags: starter, blur, image, texture, kernel
// difficulty: 2
// split: train
// source: separability of the Gaussian

struct Blur {
    direction: vec2i, // (1, 0) along rows, (0, 1) along columns
    radius: i32, // pixels, about 3 sigma
    sigma: f32, // pixels
}

@group(0) @binding(0) var image: texture_2d<f32>;
@group(0) @binding(1) var blurred: texture_storage_2d<rgba16float, write>;
@group(0) @binding(2) var<uniform> blur: Blur;

/// Blurs `image` along one axis, one pixel per invocation; edge pixels are repeated.
/// Run it along rows, then on the result along columns.
@compute @workgroup_size(8, 8)
fn gaussian_blur(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2i(textureDimensions(image));
    let pixel = vec2i(id.xy);
    if any(pixel >= size) {
        return;
    }
    var sum = vec4f(0.0);
    var total = 0.0;
    for (var i = -blur.radius; i <= blur.radius; i++) {
        let x = f32(i) / blur.sigma;
        let weight = exp(-0.5 * x * x);
        let tap = clamp(pixel + i * blur.direction, vec2i(0), size - 1);
        sum += weight * textureLoad(image, tap, 0);
        total += weight;
    }
    textureStore(blurred, pixel, sum / total);
}
