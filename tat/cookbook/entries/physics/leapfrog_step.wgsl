// request: velocity Verlet time step for a particle in a force field
// paraphrase: leapfrog integration of an orbit that keeps its energy
// paraphrase: symplectic integrator: half kick, drift, half kick
// family: time integration
// tags: integrator, verlet, particles, orbit
// difficulty: 1
// split: train
// source: Swope et al., Journal of Chemical Physics 76, 1982

struct Body {
    position: vec3f,
    velocity: vec3f,
}

/// Acceleration at a position: here the pull of a unit mass at the origin. Put your own here.
fn acceleration_at(position: vec3f) -> vec3f {
    let square = dot(position, position);
    return -position * inverseSqrt(square * square * square);
}

/// The body after the time `dt`: half of the velocity's change, the whole way, the other half.
/// Run backwards it retraces its path, so that orbits do not spiral as with Euler's method; the
/// error of a step is of the third order. Keep the force free of velocities, and dt constant.
fn leapfrog_step(body: Body, dt: f32) -> Body {
    let halfway = body.velocity + 0.5 * dt * acceleration_at(body.position);
    let position = body.position + dt * halfway;
    return Body(position, halfway + 0.5 * dt * acceleration_at(position));
}
