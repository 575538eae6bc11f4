// request: curl noise for a divergence-free flow in 2D
// paraphrase: turbulent velocity field for particles or smoke that never piles up
// paraphrase: incompressible random flow as the curl of a noise potential
// family: curl noise
// tags: noise, flow, velocity, particles, 2d
// difficulty: 3
// split: train
// source: Bridson et al., "Curl-Noise for Procedural Fluid Flow", SIGGRAPH 2007
// picture: vec3f(0.5 + 0.25 * curl_noise(uv * 5.0), 0.5)

/// Pseudo-random unit vector of the grid point `cell`.
fn lattice_direction(cell: vec2i) -> vec2f {
    let key = bitcast<vec2u>(cell);
    var h = key.x ^ ((key.y << 16u) | (key.y >> 16u));
    h = (h ^ (h >> 16u)) * 0xa812d533u;
    h = (h ^ (h >> 15u)) * 0xb278e4adu;
    let angle = f32(bitcast<i32>(h ^ (h >> 17u))) * (3.14159265 * 0x1p-31);
    return vec2f(cos(angle), sin(angle));
}

/// Velocity at `p` of a smooth random flow with eddies about a unit wide: (dψ/dy, -dψ/dx), where
/// the stream function ψ is gradient noise. Flow along the contours of ψ has no divergence; the
/// exact derivative, in place of differences, keeps it so to rounding. Speed is mostly below 2.
fn curl_noise(p: vec2f) -> vec2f {
    let cell = vec2i(floor(p));
    let f = fract(p);
    let t = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let dt = 30.0 * f * f * (f * (f - 2.0) + 1.0);
    let g00 = lattice_direction(cell);
    let g10 = lattice_direction(cell + vec2i(1, 0));
    let g01 = lattice_direction(cell + vec2i(0, 1));
    let g11 = lattice_direction(cell + vec2i(1, 1));
    let v00 = dot(g00, f);
    let across = dot(g10, f - vec2f(1.0, 0.0)) - v00;
    let along = dot(g01, f - vec2f(0.0, 1.0)) - v00;
    let twist = dot(g11, f - 1.0) - v00 - across - along;
    let turning = mix(mix(g00, g10, t.x), mix(g01, g11, t.x), t.y);
    let gradient = turning + dt * (vec2f(across, along) + twist * t.yx);
    return vec2f(gradient.y, -gradient.x);
}
