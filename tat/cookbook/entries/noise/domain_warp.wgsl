// request: domain warping, noise distorted by other noise
// paraphrase: swirling marble-like texture from warped noise
// paraphrase: offset the position of a noise lookup with noise, twice over
// family: domain warp
// tags: noise, warp, marble, procedural, 2d
// difficulty: 2
// split: train
// source: I. Quilez, "Domain warping", 2002
// picture: mix(vec3f(0.1, 0.2, 0.35), vec3f(1.0, 0.85, 0.6), domain_warp(uv * 4.0, 2.5))

/// Two independent value noises at `p`, each in [0, 1).
fn noise_pair(p: vec2f) -> vec2f {
    let base = vec2i(floor(p));
    let f = fract(p);
    let t = f * f * (3.0 - 2.0 * f);
    var sum = vec2f(0.0);
    for (var i = 0; i < 4; i++) {
        let corner = vec2i(i & 1, i >> 1u);
        let cell = bitcast<vec2u>(base + corner);
        var bits = cell * vec2u(0x9e3779b1u, 0x85ebca6bu);
        bits += cell.yx * vec2u(0xc2b2ae35u, 0x27d4eb2fu);
        bits = (bits ^ (bits >> vec2u(15u))) * 0x2c1b3c6du;
        bits = (bits ^ (bits >> vec2u(13u))) * 0x297a2d39u;
        let weight = mix(1.0 - t, t, vec2f(corner));
        sum += weight.x * weight.y * vec2f(bits >> vec2u(8u)) * 0x1p-24;
    }
    return sum;
}

/// Noise in [0, 1) at `p` after the plane was twice pulled about by noise. `strength` is the
/// furthest pull along each axis: 0 leaves plain value noise, 2 to 4 give folds and swirls.
fn domain_warp(p: vec2f, strength: f32) -> f32 {
    let first = 2.0 * noise_pair(p) - 1.0;
    let second = 2.0 * noise_pair(p + strength * first + vec2f(5.2, 1.3)) - 1.0;
    return noise_pair(p + strength * second).x;
}
