// request: Mandelbrot set with smooth iteration counts
// paraphrase: escape time fractal without color banding
// paraphrase: how many iterations of z squared plus c until it escapes, as a smooth number
// family: escape time fractal
// tags: pattern, fractal, mandelbrot, iteration, 2d
// difficulty: 2
// split: train
// source: normalised iteration count; Peitgen and Saupe, "The Science of Fractal Images", 1988
// picture: 0.5 - 0.5 * cos(vec3f(0.1, 0.14, 0.2) * mandelbrot(2.6 * uv - vec2f(2.0, 1.3), 128u))

/// Iterations of z² + c until `c` has escaped, fractional so that colours run without bands, and
/// `limit` if it has not by then. From 0; `c` is a complex number (real, imaginary).
/// The large bailout makes the fraction smooth: log2(log |z|) grows by 1 with each squaring.
fn mandelbrot(c: vec2f, limit: u32) -> f32 {
    // Most of the inside are one cardioid and one disc, known without iterating.
    let from_cusp = c - vec2f(0.25, 0.0);
    let q = dot(from_cusp, from_cusp);
    let from_disc = c + vec2f(1.0, 0.0);
    if q * (q + from_cusp.x) <= 0.25 * c.y * c.y || dot(from_disc, from_disc) <= 0.0625 {
        return f32(limit);
    }
    var z = vec2f(0.0);
    for (var i = 0u; i < limit; i++) {
        z = vec2f(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + c;
        let square = dot(z, z);
        if square > 65536.0 {
            return max(f32(i) + 1.0 - log2(log2(square) / 16.0), 0.0);
        }
    }
    return f32(limit);
}
