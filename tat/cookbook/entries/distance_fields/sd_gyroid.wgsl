// request: distance bound of a gyroid surface with thickness
// paraphrase: SDF of a gyroid lattice for raymarching or 3D printing infill
// paraphrase: triply periodic minimal surface as a signed distance estimate
// family: minimal surface
// tags: sdf, raymarching, gyroid, periodic, 3d
// difficulty: 1
// split: test
// source: A. H. Schoen, "Infinite Periodic Minimal Surfaces", NASA TN D-5541, 1970
// picture: mix(vec3f(0.95, 0.6, 0.35), vec3f(0.1, 0.15, 0.2),
//     smoothstep(0.0, 0.03, sd_gyroid(vec3f(uv, 0.3 + 0.5 * uv.x), 0.35, 0.02)))

/// Signed distance estimate from `p` to a gyroid sheet that repeats every `period` along each axis
/// and is `thickness` wide or a little more; negative inside the sheet. It never exceeds the true
/// distance, since the implicit function is divided by its steepest slope, sqrt(3): safe to march
/// without overshoot.
fn sd_gyroid(p: vec3f, period: f32, thickness: f32) -> f32 {
    let phase = p / period;
    let q = 6.2831853 * (phase - round(phase)); // sines are precise from -π to π only
    let level = dot(sin(q), cos(q.yzx));
    return abs(level) * period / (6.2831853 * sqrt(3.0)) - 0.5 * thickness;
}
