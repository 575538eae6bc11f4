// request: bounce a particle off a surface with restitution and friction
// paraphrase: velocity after a collision with the ground, with Coulomb friction
// paraphrase: reflect a velocity and slow down its sliding part
// family: collision response
// tags: collision, friction, particles, restitution
// difficulty: 2
// split: train
// source: Guendelman et al., "Nonconvex Rigid Bodies with Stacking", SIGGRAPH 2003

/// Velocity after the impact on a fixed surface with unit `normal`, of which the particle comes
/// towards the front. `restitution` (0 to 1) is the share of the normal speed that is given back,
/// `friction` (0 and up) Coulomb's coefficient. Unchanged if the particle is leaving.
/// The sliding speed drops by friction times the change of the normal speed, but not below 0:
/// friction stops a particle, and never drags it backwards.
fn bounce_off_plane(velocity: vec3f, normal: vec3f, restitution: f32, friction: f32) -> vec3f {
    let impact = -dot(velocity, normal);
    if impact <= 0.0 {
        return velocity;
    }
    let sliding = velocity + impact * normal;
    let speed = length(sliding);
    let loss = friction * (1.0 + restitution) * impact;
    let kept = max(1.0 - loss / max(speed, 1e-20), 0.0);
    return kept * sliding + restitution * impact * normal;
}
