// request: rotate a vector by a unit quaternion
// paraphrase: apply a quaternion rotation to a 3D vector without building a matrix
// paraphrase: turn a direction by an orientation stored as xyzw
// family: quaternion rotation
// tags: starter, quaternion, rotation, 3d
// difficulty: 1
// split: train
// source: the product q v q* written out by parts along and across the axis

/// Rotates `v` by the unit quaternion `q`: (x, y, z) the axis times the sine of half the angle,
/// w its cosine.
fn quaternion_rotate(q: vec4f, v: vec3f) -> vec3f {
    let axis = q.xyz;
    let along = dot(axis, v) * axis;
    return (q.w * q.w - dot(axis, axis)) * v + 2.0 * (along + q.w * cross(axis, v));
}
