// request: convert a rotation matrix to a quaternion
// paraphrase: extract the orientation quaternion of a mat3x3 without loss of precision
// paraphrase: robust matrix to quaternion conversion that works for half turns
// family: quaternion matrix
// tags: quaternion, matrix, rotation, 3d
// difficulty: 3
// split: train
// source: S. W. Shepperd, "Quaternion from Rotation Matrix", J. Guidance and Control 1(3), 1978

/// Unit quaternion (x, y, z, w), with w not negative, of the rotation matrix `m` (orthonormal, not
/// mirrored). Each row of candidates is the quaternion times 4 times one of its components, so
/// that all are the same up to length. The row of the largest component is chosen: it is at least
/// 1/2, where others may be all rounding.
fn matrix_to_quaternion(m: mat3x3f) -> vec4f {
    let x = m[0];
    let y = m[1];
    let z = m[2];
    let sums = vec3f(y.z + z.y, z.x + x.z, x.y + y.x); // 4 times yz, zx and xy
    let turns = vec3f(y.z - z.y, z.x - x.z, x.y - y.x); // 4 times xw, yw and zw
    var q = vec4f(turns, 1.0 + x.x + y.y + z.z);
    if x.x > max(y.y, z.z) && y.y + z.z < 0.0 {
        q = vec4f(1.0 + x.x - y.y - z.z, sums.z, sums.y, turns.x);
    } else if y.y > z.z && x.x + z.z < 0.0 {
        q = vec4f(sums.z, 1.0 - x.x + y.y - z.z, sums.x, turns.y);
    } else if x.x + y.y < 0.0 {
        q = vec4f(sums.y, sums.x, 1.0 - x.x - y.y + z.z, turns.z);
    }
    return normalize(select(q, -q, q.w < 0.0));
}
