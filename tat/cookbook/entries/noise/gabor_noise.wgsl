// request: Gabor noise with a chosen frequency and direction
// paraphrase: band-limited anisotropic noise by sparse convolution of wave packets
// paraphrase: random ripples of a given wavelength and orientation, like brushed metal or water
// family: sparse convolution noise
// tags: noise, gabor, anisotropic, procedural, 2d
// difficulty: 3
// split: train
// source: Lagae et al., "Procedural Noise using Sparse Gabor Convolution", SIGGRAPH 2009
// picture: vec3f(0.5 + 0.5 * gabor_noise(uv * 5.0, vec2f(2.5, 1.5)))

/// Steps the generator `state` and returns a number in [0, 1).
fn next_random(state: ptr<function, u32>) -> f32 {
    *state = *state * 1664525u + 1013904223u;
    let mixed = (*state ^ (*state >> 15u)) * 0x2c1b3c6du;
    return f32(mixed >> 8u) * 0x1p-24;
}

/// Noise at `p` made of waves of `frequency` (cycles per unit along x and y), with mean 0 and
/// standard deviation about 1/3, rarely beyond ±1. Its spectrum is a pair of narrow spots.
/// Each unit cell scatters four packets of radius 1, so that the 3 x 3 cells around `p` hold all
/// that reach it; the window falls smoothly to zero there, in place of a cut Gaussian.
fn gabor_noise(p: vec2f, frequency: vec2f) -> f32 {
    let home = vec2i(floor(p));
    var sum = 0.0;
    for (var i = 0; i < 9; i++) {
        let cell = home + vec2i(i % 3, i / 3) - 1;
        let key = bitcast<vec2u>(cell) * vec2u(0x9e3779b1u, 0xc2b2ae3du);
        var state = key.x ^ key.y;
        for (var packet = 0; packet < 4; packet++) {
            let place = vec2f(next_random(&state), next_random(&state));
            let phase = next_random(&state);
            let way = p - vec2f(cell) - place;
            let window = max(1.0 - dot(way, way), 0.0);
            let turns = dot(frequency, way) + phase;
            sum += window * window * window * cos(6.2831853 * (turns - round(turns)));
        }
    }
    return 0.35 * sum;
}
