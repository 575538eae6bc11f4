// request: cubic spline smoothing kernel for SPH fluids
// paraphrase: smoothed particle hydrodynamics weight as a function of distance
// paraphrase: Monaghan's M4 kernel in three dimensions
// family: smoothing kernel
// tags: sph, fluid, particles, kernel-function
// difficulty: 1
// split: train
// source: J. J. Monaghan, "Smoothed Particle Hydrodynamics", ARAA 30, 1992
// picture: vec3f(0.2, 0.6, 1.0) * 3.0 * sph_kernel(4.0 * distance(uv, vec2f(0.5)), 1.0)

/// Weight, per volume, of a particle at distance `r` for the smoothing length `h` (above 0).
/// It is 0 from 2 h on and its integral over space is 1: the sum of mass times weight over all
/// particles is a density. The second derivative is continuous, the slope at 0 vanishes.
fn sph_kernel(r: f32, h: f32) -> f32 {
    let q = r / h;
    let outer = max(2.0 - q, 0.0);
    let inner = max(1.0 - q, 0.0);
    let shape = 0.25 * outer * outer * outer - inner * inner * inner;
    return shape / (3.14159265 * h * h * h);
}
