// request: bicubic texture sampling with nine bilinear taps
// paraphrase: Catmull-Rom texture filter that uses the hardware's linear interpolation
// paraphrase: sharp resampling of a history buffer for temporal anti-aliasing
// family: texture interpolation
// tags: texture, filter, bicubic, sampler
// difficulty: 3
// split: train
// source: Sigg and Hadwiger, "Fast Third-Order Texture Filtering", GPU Gems 2, 2005;
//     J. Jimenez, "Filmic SMAA", SIGGRAPH 2016

/// Colour of level 0 of `image` at `uv`, from 4 x 4 texels by Catmull-Rom splines: sharper than
/// linear, and it passes through the texels. `linear_sampler` must filter linearly.
/// Along an axis the two inner texels have positive weights, so that one linear fetch between them
/// gets both. Its fraction has 8 bits on most GPUs: an error of 1/512 of the contrast. Results may
/// overshoot: clamp those that must not.
fn sample_bicubic(image: texture_2d<f32>, linear_sampler: sampler, uv: vec2f) -> vec4f {
    let size = vec2f(textureDimensions(image));
    let position = uv * size - 0.5;
    let texel = floor(position);
    let t = position - texel;
    let first = t * (-0.5 + t * (1.0 - 0.5 * t));
    let second = 1.0 + t * t * (-2.5 + 1.5 * t);
    let third = t * (0.5 + t * (2.0 - 1.5 * t));
    let fourth = t * t * (-0.5 + 0.5 * t);

    var weights = array(first, second + third, fourth);
    var places = array(texel - 0.5, texel + 0.5 + third / (second + third), texel + 2.5);
    var sum = vec4f(0.0);
    for (var y = 0; y < 3; y++) {
        for (var x = 0; x < 3; x++) {
            let place = vec2f(places[x].x, places[y].y) / size;
            let weight = weights[x].x * weights[y].y;
            sum += weight * textureSampleLevel(image, linear_sampler, place, 0.0);
        }
    }
    return sum;
}
