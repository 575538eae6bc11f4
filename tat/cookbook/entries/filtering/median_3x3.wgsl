// request: 3x3 median filter to remove noise from an image
// paraphrase: median of nine pixels without sorting them all
// paraphrase: remove salt and pepper noise while keeping edges sharp
// family: median filter
// tags: median, denoise, image, texture
// difficulty: 2
// split: test
// source: J. L. Smith, "Implementing Median Filters in XC4000E FPGAs", XCell 23, 1996

struct Ordered {
    low: vec4f,
    middle: vec4f,
    high: vec4f,
}

/// `a`, `b` and `c` in order, component by component.
fn sort_three(a: vec4f, b: vec4f, c: vec4f) -> Ordered {
    let low = min(a, b);
    let high = max(a, b);
    return Ordered(min(low, c), max(low, min(high, c)), max(high, c));
}

/// Texel of `image` at `position`, the nearest one for a position beyond the edge.
fn texel_clamped(image: texture_2d<f32>, position: vec2i) -> vec4f {
    let last = vec2i(textureDimensions(image)) - 1;
    return textureLoad(image, clamp(position, vec2i(0), last), 0);
}

/// Median of the 3 x 3 pixels around `pixel`, each channel by itself; edge pixels are repeated.
/// With the three columns sorted, the median of all is among the largest of the lows, the median
/// of the middles and the smallest of the highs, and is the middle one of those.
fn median_3x3(image: texture_2d<f32>, pixel: vec2i) -> vec4f {
    var columns: array<Ordered, 3>;
    for (var x = 0; x < 3; x++) {
        let top = pixel + vec2i(x - 1, -1);
        columns[x] = sort_three(
            texel_clamped(image, top),
            texel_clamped(image, top + vec2i(0, 1)),
            texel_clamped(image, top + vec2i(0, 2)),
        );
    }
    let low = sort_three(columns[0].low, columns[1].low, columns[2].low).high;
    let middle = sort_three(columns[0].middle, columns[1].middle, columns[2].middle).middle;
    let high = sort_three(columns[0].high, columns[1].high, columns[2].high).low;
    return sort_three(low, middle, high).middle;
}
