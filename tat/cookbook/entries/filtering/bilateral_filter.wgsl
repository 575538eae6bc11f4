// request: bilateral filter that smooths an image but keeps its edges
// paraphrase: edge-preserving blur weighted by distance and colour difference
// paraphrase: denoise a texture without blurring across edges in a compute shader
// family: edge preserving
// tags: denoise, blur, image, kernel
// difficulty: 2
// split: train
// source: Tomasi and Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998

struct Bilateral {
    radius: i32, // pixels, about 2 sigma_space
    sigma_space: f32, // pixels
    sigma_colour: f32, // difference of colours that counts as an edge
}

@group(0) @binding(0) var noisy: texture_2d<f32>;
@group(0) @binding(1) var smoothed: texture_storage_2d<rgba16float, write>;
@group(0) @binding(2) var<uniform> bilateral: Bilateral;

/// Replaces each pixel by a mean of those around it, in which a pixel counts less the further away
/// it is and the more its colour differs. Across an edge nearly nothing is mixed. Pixels beyond
/// the border do not count. The weight of a pixel for itself is 1, so that the sum is never 0.
@compute @workgroup_size(8, 8)
fn bilateral_filter(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2i(textureDimensions(noisy));
    let pixel = vec2i(id.xy);
    if any(pixel >= size) {
        return;
    }
    let centre = textureLoad(noisy, pixel, 0);
    let first = max(pixel - bilateral.radius, vec2i(0));
    let last = min(pixel + bilateral.radius, size - 1);
    var sum = vec4f(0.0);
    var total = 0.0;
    for (var y = first.y; y <= last.y; y++) {
        for (var x = first.x; x <= last.x; x++) {
            let colour = textureLoad(noisy, vec2i(x, y), 0);
            let away = vec2f(vec2i(x, y) - pixel) / bilateral.sigma_space;
            let unlike = (colour.rgb - centre.rgb) / bilateral.sigma_colour;
            let weight = exp(-0.5 * (dot(away, away) + dot(unlike, unlike)));
            sum += weight * colour;
            total += weight;
        }
    }
    textureStore(smoothed, pixel, sum / total);
}
