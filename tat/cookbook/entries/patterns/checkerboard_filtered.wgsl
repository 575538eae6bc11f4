// request: anti-aliased checkerboard by analytic box filtering
// paraphrase: checker pattern that fades to grey in the distance without moire
// paraphrase: exact average of a checkerboard over the footprint of a pixel
// family: checkerboard
// tags: pattern, checker, antialiasing, filter, 2d
// difficulty: 2
// split: train
// source: box filter by integration; after I. Quilez, "Filtering procedural textures"
// picture: vec3f(checkerboard_filtered(
//     vec2f((uv.x - 0.5) / uv.y, 1.0 / uv.y) * 4.0, vec2f(0.016 / uv.y, 0.016 / (uv.y * uv.y))))

/// Integral from 0 to `x` of the square wave that is 1 on [0, 1), -1 on [1, 2), and so on: a
/// triangle wave between 0 and 1.
fn square_wave_integral(x: vec2f) -> vec2f {
    let phase = x - 2.0 * floor(0.5 * x);
    return min(phase, 2.0 - phase);
}

/// Average over the box of size `footprint` around `p` of a checkerboard of unit squares, 0 from
/// (0, 0) to (1, 1); in [0, 1]. For a screen use `fwidth(p)`, taken outside of branches.
/// The board is a product of two square waves, so that its average over a box is one too.
fn checkerboard_filtered(p: vec2f, footprint: vec2f) -> f32 {
    let size = max(footprint, vec2f(1e-3));
    let start = p - 2.0 * floor(0.5 * p) - 0.5 * size; // small numbers, to keep their digits
    let mean = (square_wave_integral(start + size) - square_wave_integral(start)) / size;
    return 0.5 - 0.5 * mean.x * mean.y;
}
