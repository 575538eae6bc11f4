// request: fractal Brownian motion, a sum of octaves of noise
// paraphrase: fbm noise with a number of octaves and a gain, for clouds and terrain
// paraphrase: add up ever finer and weaker layers of 2D noise
// family: fractal sum
// tags: noise, fbm, octaves, clouds, procedural, 2d
// difficulty: 2
// split: test
// source: Ebert et al., "Texturing and Modeling: A Procedural Approach"
// picture: vec3f(0.5 + 0.9 * fractal_noise(uv * 4.0, 7u, 0.5))

/// Pseudo-random value in [-1, 1) of the grid point `cell`.
fn octave_lattice(cell: vec2u) -> f32 {
    var h = cell.x * 0xb5297a4du + cell.y * 0x68e31da4u;
    h = (h ^ (h >> 17u)) * 0xed5ad4bbu;
    h = (h ^ (h >> 11u)) * 0xac4c1b51u;
    return f32(bitcast<i32>(h ^ (h >> 15u)) >> 8u) * 0x1p-23;
}

/// One octave: value noise in [-1, 1) with a quintic blend.
fn octave(p: vec2f) -> f32 {
    let f = fract(p);
    let blend = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let low = bitcast<vec2u>(vec2i(floor(p)));
    let high = low + 1u;
    let bottom = mix(octave_lattice(low), octave_lattice(vec2u(high.x, low.y)), blend.x);
    let top = mix(octave_lattice(vec2u(low.x, high.y)), octave_lattice(high), blend.x);
    return mix(bottom, top, blend.y);
}

/// Sum of `octaves` (1 or more) layers of noise in [-1, 1): each has twice the frequency of the one
/// before and `gain` times its height, 0.5 for a natural look, towards 1 for a rougher one.
/// Layers are turned against each other, or their grids would line up at the origin.
fn fractal_noise(p: vec2f, octaves: u32, gain: f32) -> f32 {
    const TURN_AND_DOUBLE = mat2x2f(1.6, 1.2, -1.2, 1.6);
    var position = p;
    var height = 1.0;
    var sum = 0.0;
    var total = 0.0;
    for (var i = 0u; i < octaves; i++) {
        sum += height * octave(position);
        total += height;
        height *= gain;
        position = TURN_AND_DOUBLE * position + 17.3;
    }
    return sum / total;
}
