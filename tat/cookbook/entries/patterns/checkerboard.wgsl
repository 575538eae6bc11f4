// request: black and white checkerboard from a 2D position
// paraphrase: checker pattern that alternates between 0 and 1 on unit squares
// paraphrase: chess board texture without an image, also for negative coordinates
// family: checkerboard
// tags: pattern, checker, texture, 2d
// difficulty: 1
// split: train
// picture: vec3f(checkerboard(uv * 8.0))

/// 0 or 1, the same all over a unit square and different on its four neighbours; the square between
/// (0, 0) and (1, 1) has 0. The lowest bit tells odd from even for negative numbers, too, where the
/// remainder `%` would be -1.
fn checkerboard(p: vec2f) -> f32 {
    let cell = vec2i(floor(p));
    return f32((cell.x ^ cell.y) & 1);
}
