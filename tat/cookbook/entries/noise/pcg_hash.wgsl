// request: hash an unsigned integer into well mixed pseudo-random bits
// paraphrase: PCG hash of a u32, for seeding random numbers per pixel
// paraphrase: integer hash function that scrambles an index into 32 random-looking bits
// family: integer hash
// tags: starter, hash, random
// difficulty: 1
// split: train
// source: Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020
// picture: vec3f(f32(pcg_hash(u32(uv.x * 64.0) + 64u * u32(uv.y * 64.0)) >> 8u) * 0x1p-24)

/// Hashes 32 bits into 32 well mixed bits: one step of the generator PCG-RXS-M-XS.
/// It is a bijection, so two different inputs never collide.
fn pcg_hash(value: u32) -> u32 {
    let state = value * 747796405u + 2891336453u;
    let shift = (state >> 28u) + 4u;
    let mixed = (state ^ (state >> shift)) * 277803737u;
    return mixed ^ (mixed >> 22u);
}
