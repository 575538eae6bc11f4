// request: Kuwahara filter for a painted look
// paraphrase: oil painting effect that averages the smoothest quadrant around each pixel
// paraphrase: edge-preserving smoothing by the neighbouring window of least variance
// family: kuwahara
// tags: stylize, painting, image, texture
// difficulty: 3
// split: train
// source: Kuwahara et al., "Processing of RI-Angiocardiographic Images", 1976

/// Mean (rgb) and variance (w, added up over the channels) of `image` over the square of pixels
/// from `corner` on, of `side` pixels; edge pixels are repeated.
fn window_statistics(image: texture_2d<f32>, corner: vec2i, side: i32) -> vec4f {
    let last = vec2i(textureDimensions(image)) - 1;
    var mean = vec3f(0.0);
    var squares = 0.0; // of deviations from the mean so far, by Welford's update
    var count = 0.0;
    for (var y = 0; y < side; y++) {
        for (var x = 0; x < side; x++) {
            let tap = clamp(corner + vec2i(x, y), vec2i(0), last);
            let colour = textureLoad(image, tap, 0).rgb;
            let change = colour - mean;
            count += 1.0;
            mean += change / count;
            squares += dot(change, colour - mean);
        }
    }
    return vec4f(mean, squares / count);
}

/// Colour for `pixel`: the mean of whichever of the four squares of radius + 1 pixels that have the
/// pixel in a corner varies least. A square across an edge varies a lot, so that edges stay, and
/// get cleaner, while textures turn into strokes of about `radius` (1 and up) pixels.
/// The difference of mean square and squared mean would drown a small variance in rounding.
fn kuwahara_filter(image: texture_2d<f32>, pixel: vec2i, radius: i32) -> vec3f {
    var best = vec4f(0.0, 0.0, 0.0, 1e30);
    for (var i = 0; i < 4; i++) {
        let towards = vec2i(i & 1, i >> 1u);
        let statistics = window_statistics(image, pixel - radius * towards, radius + 1);
        if statistics.w < best.w {
            best = statistics;
        }
    }
    return best.rgb;
}
