// request: logarithmic spiral arms around the origin
// paraphrase: spiral pattern like a galaxy or hypnotic swirl with a number of arms
// paraphrase: black and white spiral whose arms widen with the radius
// family: spiral
// tags: pattern, spiral, galaxy, polar, 2d
// difficulty: 1
// split: train
// source: the logarithmic spiral r = exp(angle / tightness)
// picture: vec3f(smoothstep(0.45, 0.55, spiral_arms(uv - 0.5, 5u, 3.0)))

/// Brightness at `p` from 0 between the arms to 1 on their ridges, for `arms` equal arms that wind
/// counterclockwise (y up) outwards. `tightness` is the angle in radians by which an arm turns
/// while its radius grows e-fold: 0 gives straight rays, negative values wind the other way.
fn spiral_arms(p: vec2f, arms: u32, tightness: f32) -> f32 {
    let radius = max(length(p), 1e-6); // the logarithm has no value in the middle
    let angle = atan2(p.y, p.x + 1e-30) - tightness * log(radius);
    return 0.5 + 0.5 * cos(f32(arms) * angle);
}
