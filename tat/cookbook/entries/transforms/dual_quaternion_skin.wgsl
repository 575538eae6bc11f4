// request: dual quaternion skinning of a point with two bones
// paraphrase: blend two rigid transforms as dual quaternions and apply them to a vertex
// paraphrase: skinning without the candy wrapper collapse of blended matrices
// family: dual quaternion
// tags: skinning, animation, dual-quaternion, quaternion, 3d
// difficulty: 3
// split: test
// source: Kavan et al., "Skinning with Dual Quaternions", I3D 2007

/// A rotation by `real`, a unit quaternion (x, y, z, w), followed by a translation by the vector t,
/// which is stored as `dual` = (t, 0) * real / 2.
struct RigidMotion { real: vec4f, dual: vec4f }

/// Moves `p` by a blend of two rigid motions: by `a` where `weight` is 0, by `b` where it is 1. For
/// any weight between, the result is rigid again, which a sum of matrices is not: there joints
/// shrink when they bend or twist. More bones only make the weighted sum longer.
fn dual_quaternion_skin(p: vec3f, a: RigidMotion, b: RigidMotion, weight: f32) -> vec3f {
    // q and -q are one rotation; blend along the shorter way between both.
    let b_weight = select(-weight, weight, dot(a.real, b.real) >= 0.0);
    let blend = (1.0 - weight) * a.real + b_weight * b.real;
    let scale = 1.0 / length(blend);
    let real = scale * blend;
    let dual = scale * ((1.0 - weight) * a.dual + b_weight * b.dual);
    let turned = p + 2.0 * cross(real.xyz, cross(real.xyz, p) + real.w * p);
    return turned + 2.0 * (real.w * dual.xyz - dual.w * real.xyz + cross(real.xyz, dual.xyz));
}
