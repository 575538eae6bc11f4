// request: anti-aliased grid lines that do not shimmer in the distance
// paraphrase: infinite ground grid with line width and pixel footprint
// paraphrase: draw thin grid lines with exact pixel coverage instead of moire
// family: grid lines
// tags: pattern, grid, antialiasing, filter, 2d
// difficulty: 2
// split: train
// source: box filter by integration; cf. B. Golus, "The Best Darn Grid Shader (Yet)", 2023
// picture: mix(vec3f(0.1, 0.12, 0.16), vec3f(0.4, 0.8, 1.0), grid_lines(
//     vec2f((uv.x - 0.5) / uv.y, 1.0 / uv.y) * 4.0, 0.06,
//     vec2f(0.016 / uv.y, 0.016 / (uv.y * uv.y))))

/// How much of [0, x] is covered by lines that begin at the integers and are `width` wide.
fn line_cover(x: vec2f, width: f32) -> vec2f {
    return floor(x) * width + min(fract(x), vec2f(width));
}

/// Share of the box of size `footprint` around `p` that is covered by lines of `width` (0 to 1)
/// along all integer x and all integer y. For a screen use `fwidth(p)`, taken outside of branches:
/// near lines are sharp, far ones fade to an even tone.
fn grid_lines(p: vec2f, width: f32, footprint: vec2f) -> f32 {
    let size = max(footprint, vec2f(1e-3));
    let start = fract(p) + 0.5 * width - 0.5 * size; // a line is centred on its integer
    let share = (line_cover(start + size, width) - line_cover(start, width)) / size;
    return 1.0 - (1.0 - share.x) * (1.0 - share.y);
}
