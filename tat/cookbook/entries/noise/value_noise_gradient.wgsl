// request: 2D value noise together with its exact derivatives
// paraphrase: noise value and slope in one call, for terrain normals or erosion
// paraphrase: value noise that also returns its analytic gradient in x and y
// family: value noise
// tags: noise, derivative, terrain, procedural, 2d
// difficulty: 2
// split: train
// source: quintic blend of K. Perlin, "Improving Noise", SIGGRAPH 2002
// picture: vec3f(0.6 + 0.2 * dot(value_noise_gradient(uv * 6.0).yz, vec2f(-1.0, -0.6)))

/// Pseudo-random height in [0, 1) of the grid point `cell`.
fn grid_height(cell: vec2i) -> f32 {
    var bits = bitcast<u32>(cell.x) * 0x8da6b343u + bitcast<u32>(cell.y) * 0xd8163841u;
    bits = (bits ^ (bits >> 15u)) * 0x2c1b3c6du;
    bits = (bits ^ (bits >> 12u)) * 0x297a2d39u;
    return f32((bits ^ (bits >> 15u)) >> 8u) * 0x1p-24;
}

/// Value noise at `p` as (value in [0, 1), d/dx, d/dy), one feature per unit of length.
/// The gradient is exact, costs no further lookups, and is itself smooth: the quintic blend has
/// a continuous second derivative.
fn value_noise_gradient(p: vec2f) -> vec3f {
    let cell = vec2i(floor(p));
    let f = fract(p);
    let t = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let dt = 30.0 * f * f * (f - 1.0) * (f - 1.0);
    let origin = grid_height(cell);
    let right = grid_height(cell + vec2i(1, 0)) - origin;
    let up = grid_height(cell + vec2i(0, 1)) - origin;
    let twist = grid_height(cell + 1) - origin - right - up;
    let value = origin + right * t.x + up * t.y + twist * t.x * t.y;
    return vec3f(value, dt * (vec2f(right, up) + twist * t.yx));
}
