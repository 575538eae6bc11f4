// request: generate the next mip level of a texture of any size
// paraphrase: downsample an image by two with exact box weights, odd sizes included
// paraphrase: mipmap generation compute shader for non power of two textures
// family: mip levels
// tags: mipmap, downsampling, texture, kernel
// difficulty: 2
// split: train
// source: Guthe and Heckbert, "Non-Power-of-Two Mipmap Creation", NVIDIA, 2005

@group(0) @binding(0) var fine: texture_2d<f32>;
@group(0) @binding(1) var coarse: texture_storage_2d<rgba16float, write>;

/// Fills `coarse`, whose size is half of that of `fine` rounded down (but at least 1), one texel
/// per invocation, with the mean of the area that a texel covers. For an even size that is two
/// texels along an axis; for an odd one it is a little more, which a plain 2 x 2 mean would drop:
/// the image would creep to one side from level to level. Colours must be linear.
@compute @workgroup_size(8, 8)
fn downsample_half(@builtin(global_invocation_id) id: vec3u) {
    let size = textureDimensions(coarse);
    if any(id.xy >= size) {
        return;
    }
    let ratio = vec2f(textureDimensions(fine)) / vec2f(size);
    let low = vec2f(id.xy) * ratio;
    let high = min(low + ratio, vec2f(textureDimensions(fine)));
    var sum = vec4f(0.0);
    var total = 0.0;
    for (var y = floor(low.y); y < high.y; y += 1.0) {
        for (var x = floor(low.x); x < high.x; x += 1.0) {
            let corner = vec2f(x, y);
            let overlap = max(min(high, corner + 1.0) - max(low, corner), vec2f(0.0));
            sum += overlap.x * overlap.y * textureLoad(fine, vec2i(corner), 0);
            total += overlap.x * overlap.y;
        }
    }
    textureStore(coarse, id.xy, sum / total);
}
