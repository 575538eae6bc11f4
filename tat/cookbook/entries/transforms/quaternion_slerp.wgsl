// request: spherical linear interpolation of two quaternions
// paraphrase: slerp between two rotations along the shortest path
// paraphrase: blend two orientations at constant angular speed
// family: quaternion interpolation
// tags: quaternion, rotation, interpolation, animation, 3d
// difficulty: 2
// split: test
// source: K. Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985

/// Unit quaternion at `t` from `a` (at 0) to `b` (at 1), both of length 1, at constant speed and
/// the short way round: q and -q are one rotation, so the nearer of `b` and `-b` is taken.
/// The angle comes from the lengths of sum and difference; an arc cosine would lose half its digits
/// where they are close. There the sines cancel, too, and a straight blend is as good.
fn quaternion_slerp(a: vec4f, b: vec4f, t: f32) -> vec4f {
    let end = select(-b, b, dot(a, b) >= 0.0);
    let angle = 2.0 * atan2(length(end - a), length(end + a));
    if angle < 1e-3 {
        return normalize(mix(a, end, t));
    }
    return (sin((1.0 - t) * angle) * a + sin(t * angle) * end) / sin(angle);
}
