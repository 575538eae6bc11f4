// request: Perlin gradient noise in two dimensions
// paraphrase: 2D gradient noise with quintic interpolation, from -1 to 1
// paraphrase: improved Perlin noise of a vec2f, zero at every integer point
// family: gradient noise
// tags: starter, noise, perlin, procedural, 2d
// difficulty: 2
// split: train
// source: K. Perlin, "Improving Noise", SIGGRAPH 2002
// picture: vec3f(0.5 + 0.5 * gradient_noise(uv * 8.0))

/// Dot product of the pseudo-random unit gradient at grid point `corner` with the way to `p`.
fn gradient_ramp(corner: vec2f, p: vec2f) -> f32 {
    let key = vec2u(vec2i(corner)) * vec2u(1597334673u, 3812015801u);
    let mixed = key.x ^ key.y;
    let hash = (mixed ^ (mixed >> 16u)) * 1597334673u;
    let angle = f32(hash >> 8u) * (6.2831853 * 0x1p-24);
    return dot(vec2f(cos(angle), sin(angle)), p - corner);
}

/// Gradient noise at `p`, in [-1, 1]: zero on the integer grid, continuous second derivative.
fn gradient_noise(p: vec2f) -> f32 {
    let i = floor(p);
    let f = p - i;
    let t = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let a = gradient_ramp(i, p);
    let b = gradient_ramp(i + vec2f(1.0, 0.0), p);
    let c = gradient_ramp(i + vec2f(0.0, 1.0), p);
    let d = gradient_ramp(i + vec2f(1.0, 1.0), p);
    return sqrt(2.0) * mix(mix(a, b, t.x), mix(c, d, t.x), t.y);
}
