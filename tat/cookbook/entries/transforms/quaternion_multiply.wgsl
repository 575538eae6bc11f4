// request: multiply two quaternions to combine rotations
// paraphrase: Hamilton product of two quaternions stored as xyzw
// paraphrase: compose two orientations, first one and then the other
// family: quaternion product
// tags: quaternion, rotation, 3d
// difficulty: 1
// split: train
// source: W. R. Hamilton, 1843

/// Product of two quaternions stored as (x, y, z, w). For unit quaternions it is the rotation by
/// `b` followed by that by `a`, in the order of matrices; the other order gives another rotation.
fn quaternion_multiply(a: vec4f, b: vec4f) -> vec4f {
    let vector = a.w * b.xyz + b.w * a.xyz + cross(a.xyz, b.xyz);
    return vec4f(vector, a.w * b.w - dot(a.xyz, b.xyz));
}
