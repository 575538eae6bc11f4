// request: smooth minimum that blends two distances
// paraphrase: polynomial smin to merge two signed distance fields with a soft seam
// paraphrase: round off the crease where two SDF shapes are joined
// family: smooth union
// tags: starter, sdf, blend, raymarching
// difficulty: 1
// split: train
// source: I. Quilez, "Smooth minimum" (the quadratic polynomial)
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, smooth_minimum(
//     distance(uv, vec2f(0.35, 0.5)) - 0.2, distance(uv, vec2f(0.7, 0.5)) - 0.12, 0.2)))

/// Minimum of `a` and `b`, rounded where they differ by less than `width` (above 0).
/// It is at most `width / 4` below the true minimum, there where `a` equals `b`.
fn smooth_minimum(a: f32, b: f32, width: f32) -> f32 {
    let overlap = max(width - abs(a - b), 0.0) / width;
    return min(a, b) - 0.25 * width * overlap * overlap;
}
