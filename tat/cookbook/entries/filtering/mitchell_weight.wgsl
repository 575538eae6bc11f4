// request: Mitchell-Netravali cubic filter weight
// paraphrase: BC-spline resampling kernel with parameters B and C
// paraphrase: piecewise cubic reconstruction filter for scaling images
// family: resampling kernel
// tags: resampling, filter, cubic, image
// difficulty: 1
// split: train
// source: Mitchell and Netravali, "Reconstruction Filters in Computer Graphics", SIGGRAPH 1988
// picture: vec3f(1.0 - smoothstep(0.01, 0.02, abs(0.9 - uv.y
//     - 0.8 * mitchell_weight(5.0 * uv.x - 2.5, 1.0 / 3.0, 1.0 / 3.0))))

/// Weight of a sample that lies `x` pixels away; 0 from 2 on. The weights of samples one pixel
/// apart sum to 1. `b` blurs and `c` rings: (1/3, 1/3) is the compromise that its authors prefer,
/// (1, 0) the cubic B-spline, (0, 1/2) Catmull-Rom, which passes through the samples.
fn mitchell_weight(x: f32, b: f32, c: f32) -> f32 {
    let d = abs(x);
    if d < 1.0 {
        let inner = (12.0 - 9.0 * b - 6.0 * c) * d - 18.0 + 12.0 * b + 6.0 * c;
        return (d * d * inner + 6.0 - 2.0 * b) / 6.0;
    }
    // Counted from where it ends, the outer piece has a double root there.
    let rest = max(2.0 - d, 0.0);
    return rest * rest * (b * rest + 6.0 * c * (rest - 1.0)) / 6.0;
}
