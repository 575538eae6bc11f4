// request: smooth 2D value noise between 0 and 1
// paraphrase: interpolate random values on an integer grid into continuous noise
// paraphrase: soft blobby noise texture from a 2D position, using a hash and smoothstep
// family: value noise
// tags: starter, noise, procedural, 2d
// difficulty: 1
// split: train
// source: integer mixing by C. Wellons, "Prospecting for Hash Functions", 2018 (lowbias32)
// picture: vec3f(value_noise(uv * 8.0))

/// Pseudo-random value in [0, 1) that belongs to the grid point `cell`.
fn lattice_value(cell: vec2i) -> f32 {
    var h = (u32(cell.x) * 0x9e3779b1u) ^ (u32(cell.y) * 0x85ebca77u);
    h = (h ^ (h >> 16u)) * 0x7feb352du;
    h = (h ^ (h >> 15u)) * 0x846ca68bu;
    return f32((h ^ (h >> 16u)) >> 8u) * 0x1p-24;
}

/// Value noise at `p`, in [0, 1): one feature per unit of length, continuous first derivative.
fn value_noise(p: vec2f) -> f32 {
    let cell = vec2i(floor(p));
    let t = smoothstep(vec2f(0.0), vec2f(1.0), fract(p));
    let near = mix(lattice_value(cell), lattice_value(cell + vec2i(1, 0)), t.x);
    let far = mix(lattice_value(cell + vec2i(0, 1)), lattice_value(cell + vec2i(1, 1)), t.x);
    return mix(near, far, t.y);
}
