// request: grow bright areas of an image by morphological dilation
// paraphrase: maximum filter over a disc in a compute shader
// paraphrase: thicken an outline or a mask by a radius in pixels
// family: morphology
// tags: morphology, dilation, image, kernel
// difficulty: 1
// split: test
// source: J. Serra, "Image Analysis and Mathematical Morphology", 1982

@group(0) @binding(0) var mask: texture_2d<f32>;
@group(0) @binding(1) var dilated: texture_storage_2d<r32float, write>;
@group(0) @binding(2) var<uniform> radius: i32; // pixels, 0 and up

/// Gives each pixel the largest red value of `mask` within `radius` pixels of its centre, one
/// pixel per invocation. Nothing comes in from beyond the edges. Taking the smallest instead would
/// be erosion; dilation and then erosion closes gaps.
@compute @workgroup_size(8, 8)
fn dilate(@builtin(global_invocation_id) id: vec3u) {
    let size = vec2i(textureDimensions(mask));
    let pixel = vec2i(id.xy);
    if any(pixel >= size) {
        return;
    }
    var largest = textureLoad(mask, pixel, 0).r;
    for (var y = -radius; y <= radius; y++) {
        for (var x = -radius; x <= radius; x++) {
            let tap = pixel + vec2i(x, y);
            let inside = all(tap >= vec2i(0)) && all(tap < size);
            if inside && x * x + y * y <= radius * radius {
                largest = max(largest, textureLoad(mask, tap, 0).r);
            }
        }
    }
    textureStore(dilated, pixel, vec4f(largest, 0.0, 0.0, 1.0));
}
