// request: rotate a vector about an axis by an angle
// paraphrase: Rodrigues rotation formula for a vec3 around a unit axis
// paraphrase: turn a 3D vector around an arbitrary axis in radians
// family: axis rotation
// tags: rotation, axis-angle, 3d
// difficulty: 1
// split: train
// source: O. Rodrigues, 1840

/// Rotates `v` about `axis`, of length 1, by `angle` radians, counterclockwise as seen from the
/// axis's tip. The part of `v` along the axis stays; the rest turns in its plane.
fn rotate_about_axis(v: vec3f, axis: vec3f, angle: f32) -> vec3f {
    let along = dot(axis, v) * axis;
    return mix(along, v, cos(angle)) + sin(angle) * cross(axis, v);
}
