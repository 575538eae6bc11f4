// request: launch velocity that makes a projectile hit a target
// paraphrase: ballistic aiming: which way to throw at a given speed under gravity
// paraphrase: solve a cannon's firing direction for a target position, flat trajectory
// family: projectile
// tags: ballistics, aiming, game, gravity
// difficulty: 2
// split: test
// source: |v| = speed in the ballistic equation, a quadratic in the square of the flight time

/// Velocity of length `speed` that takes a projectile from the origin through `goal` (not the
/// origin) under `gravity` (0 and up, along -y), by the quicker and flatter of two arcs; zero if
/// the goal is out of reach. Dividing by the sum with the root, and not using the difference from
/// it, keeps the digits of short flights and makes weightlessness no special case.
fn aim_projectile(goal: vec3f, speed: f32, gravity: f32) -> vec3f {
    let square = dot(goal, goal);
    let excess = speed * speed - gravity * goal.y;
    let discriminant = excess * excess - gravity * gravity * square;
    if excess <= 0.0 || discriminant < 0.0 {
        return vec3f(0.0);
    }
    let time = sqrt(2.0 * square / (excess + sqrt(discriminant)));
    return goal / time + vec3f(0.0, 0.5 * gravity * time, 0.0);
}
