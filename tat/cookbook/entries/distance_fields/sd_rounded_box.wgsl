// request: signed distance from a 2D point to a box with rounded corners
// paraphrase: SDF of a rounded rectangle centred at the origin
// paraphrase: how far is a point from a rectangle with a corner radius, negative inside
// family: box
// tags: starter, sdf, shape, 2d
// difficulty: 1
// split: train
// source: I. Quilez, "2D distance functions"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01,
//     sd_rounded_box(uv - 0.5, vec2f(0.4, 0.25), 0.1)))

/// Signed distance from `p` to a box around the origin, negative inside.
/// `half_size` is measured to the outer edges; `radius` is from 0 to its smaller component.
fn sd_rounded_box(p: vec2f, half_size: vec2f, radius: f32) -> f32 {
    let q = abs(p) - half_size + radius;
    let outside = length(max(q, vec2f(0.0)));
    let inside = min(max(q.x, q.y), 0.0);
    return outside + inside - radius;
}
