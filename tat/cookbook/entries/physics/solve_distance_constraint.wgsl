// request: distance constraint between two particles in position based dynamics
// paraphrase: move two cloth or rope points so that they keep their rest length
// paraphrase: XPBD stretch constraint with compliance and inverse masses
// family: position based dynamics
// tags: xpbd, cloth, rope, constraint
// difficulty: 2
// split: train
// source: Macklin, Muller and Chentanez, "XPBD", Motion in Games, 2016

struct Pair {
    a: vec3f,
    b: vec3f,
}

/// The two positions after one projection towards `rest_length`. `inverse_mass` holds that of a
/// and of b, 0 for one that is nailed down. `compliance` is that of the spring (one over its
/// stiffness) divided by the square of the time step: 0 keeps the length exactly, and a larger one
/// gives way. The lighter particle moves further, so that momentum is kept.
/// Two nailed or coincident points say nothing about where to go and stay.
fn solve_distance_constraint(
    pair: Pair, inverse_mass: vec2f, rest_length: f32, compliance: f32,
) -> Pair {
    let way = pair.b - pair.a;
    let length_now = length(way);
    let resistance = inverse_mass.x + inverse_mass.y + compliance;
    if length_now == 0.0 || resistance == 0.0 {
        return pair;
    }
    let push = (length_now - rest_length) / (resistance * length_now) * way;
    return Pair(pair.a + inverse_mass.x * push, pair.b - inverse_mass.y * push);
}
