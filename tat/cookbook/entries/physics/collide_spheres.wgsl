// request: velocities of two balls after they collide
// paraphrase: elastic or inelastic collision response between two spheres of given mass
// paraphrase: billiard ball impulse along the contact normal with restitution
// family: collision response
// tags: collision, impulse, momentum, particles
// difficulty: 1
// split: train
// source: I. Newton, "Principia", 1687, scholium to the laws of motion (restitution)

struct Velocities {
    a: vec3f,
    b: vec3f,
}

/// Velocities after two balls touch, without friction. `normal` is the unit vector from the centre
/// of a to that of b; masses are above 0. `restitution` 1 keeps the energy, 0 makes the balls go on
/// together along the normal. Balls that are already parting are left alone: a pair that overlaps
/// for several steps must not be pulled back in.
fn collide_spheres(
    before: Velocities, mass_a: f32, mass_b: f32, normal: vec3f, restitution: f32,
) -> Velocities {
    let approach = max(dot(before.a - before.b, normal), 0.0);
    let impulse = (1.0 + restitution) * approach * normal / (1.0 / mass_a + 1.0 / mass_b);
    return Velocities(before.a - impulse / mass_a, before.b + impulse / mass_b);
}
