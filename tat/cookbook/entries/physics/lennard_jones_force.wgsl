// request: Lennard-Jones force between two atoms
// paraphrase: molecular dynamics pair force, repulsive up close and attractive further out
// paraphrase: van der Waals force from the 12-6 potential with a cutoff
// family: pair forces
// tags: molecular-dynamics, force, particles
// difficulty: 1
// split: train
// source: J. E. Lennard-Jones, "Cohesion", Proceedings of the Physical Society 43, 1931

/// Force on an atom at `offset` (not 0) from another: the downhill slope of
/// 4 `depth` ((`size` / r)¹² - (`size` / r)⁶). It vanishes at r = 1.12 size, where the energy is
/// -depth, and is cut to 0 beyond 2.5 sizes, where it has fallen to 2 % of its strongest pull.
/// Only even powers of the distance appear, so that no root is taken.
fn lennard_jones_force(offset: vec3f, size: f32, depth: f32) -> vec3f {
    let square = dot(offset, offset);
    let ratio = size * size / square;
    if ratio < 1.0 / 6.25 {
        return vec3f(0.0);
    }
    let sixth = ratio * ratio * ratio;
    return 24.0 * depth * sixth * (2.0 * sixth - 1.0) / square * offset;
}
