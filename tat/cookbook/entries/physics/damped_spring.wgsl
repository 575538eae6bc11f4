// request: critically damped spring that follows a target smoothly
// paraphrase: smooth damp of a value, independent of the frame rate
// paraphrase: exact step of a spring without overshoot, for cameras and UI animation
// family: springs
// tags: spring, animation, smoothing, camera
// difficulty: 1
// split: test
// source: T. Lowe, "Critically Damped Ease-In/Ease-Out Smoothing", Game Programming Gems 4, 2004

/// (Position, velocity) after the time `dt` of a spring that pulls `state` (position, velocity) to
/// `goal`. `frequency` (above 0, in radians per second) sets the pace: it has arrived after about
/// 5 / frequency. Critically damped, it comes as fast as it can without swinging.
/// This is the exact solution, so that two short steps equal a long one and no dt is unstable.
fn damped_spring(state: vec2f, goal: f32, frequency: f32, dt: f32) -> vec2f {
    let offset = state.x - goal;
    let drive = state.y + frequency * offset;
    let decay = exp(-frequency * dt);
    let position = goal + (offset + drive * dt) * decay;
    let velocity = (state.y - frequency * drive * dt) * decay;
    return vec2f(position, velocity);
}
