// request: distance estimate to a Julia set
// paraphrase: draw a Julia fractal with even outlines from the derivative of the iteration
// paraphrase: how far is a complex number from the Julia set of z squared plus c
// family: escape time fractal
// tags: pattern, fractal, julia, iteration, distance, 2d
// difficulty: 3
// split: train
// source: J. Milnor, 1989; Peitgen and Saupe, "The Science of Fractal Images", 1988
// picture: vec3f(0.95, 0.6, 0.3) * pow(julia_distance(
//     3.0 * (uv - 0.5), vec2f(-0.8, 0.156), 200u), 0.3)

/// Estimated distance from `start` to the Julia set of z² + c, right within a factor of 2 near the
/// set; 0 for points that stay bounded for `limit` iterations.
/// Along with z goes its derivative by `start`, which tells how fast neighbours part: the potential
/// of the set, divided by its slope, is the distance |z| log |z| / |dz|.
fn julia_distance(start: vec2f, c: vec2f, limit: u32) -> f32 {
    var z = start;
    var dz = vec2f(1.0, 0.0);
    for (var i = 0u; i < limit; i++) {
        let square = dot(z, z);
        if square > 1e6 {
            return 0.5 * sqrt(square) * log(square) / length(dz);
        }
        dz = 2.0 * vec2f(z.x * dz.x - z.y * dz.y, z.x * dz.y + z.y * dz.x);
        if dot(dz, dz) > 1e30 {
            return 0.0; // nearer than floats can tell, and soon infinite
        }
        z = vec2f(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + c;
    }
    return 0.0;
}
