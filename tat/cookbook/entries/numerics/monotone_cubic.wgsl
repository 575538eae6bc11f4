// request: monotone cubic interpolation of four equally spaced values
// paraphrase: smooth curve through samples that never overshoots them
// paraphrase: interpolate a lookup table with a cubic that keeps it increasing
// family: monotone interpolation
// tags: interpolation, spline, monotone, lookup
// difficulty: 2
// split: train
// source: M. Steffen, "A Simple Method for Monotonic Interpolation in One Dimension", 1990
// picture: vec3f(1.0 - smoothstep(0.01, 0.02, abs(1.0 - uv.y
//     - monotone_cubic(vec4f(0.1, 0.1, 0.9, 0.95), uv.x))))

/// Slope at a sample between two chords: their mean, cut so that no extremum forms beside it, and
/// 0 where the samples turn round.
fn limited_slope(before: f32, after: f32) -> f32 {
    let steepest = min(min(abs(before), abs(after)), 0.25 * abs(before + after));
    return (sign(before) + sign(after)) * steepest;
}

/// Value at `t` in [0, 1] between `y.y` and `y.z`; `y.x` and `y.w` are the samples further out.
/// The curve and its slope are continuous across samples, and it stays between the two it joins:
/// a table of increasing values gives an increasing curve.
fn monotone_cubic(y: vec4f, t: f32) -> f32 {
    let chord = y.z - y.y;
    let start = limited_slope(y.y - y.x, chord);
    let end = limited_slope(chord, y.w - y.z);
    let cubic = start + end - 2.0 * chord;
    let square = chord - start - cubic;
    return y.y + t * (start + t * (square + t * cubic));
}
