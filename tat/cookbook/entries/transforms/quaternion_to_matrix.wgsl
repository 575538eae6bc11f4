// request: convert a unit quaternion to a rotation matrix
// paraphrase: mat3x3 from an orientation quaternion stored as xyzw
// paraphrase: expand a quaternion into a 3x3 matrix to rotate many vectors
// family: quaternion matrix
// tags: quaternion, matrix, rotation, 3d
// difficulty: 1
// split: train
// source: K. Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985

/// Matrix that rotates column vectors as the unit quaternion `q` (x, y, z, w) does; its columns are
/// the rotated axes. For a quaternion of another length it is no rotation, so normalise first.
fn quaternion_to_matrix(q: vec4f) -> mat3x3f {
    let twice = 2.0 * q.xyz;
    let x = q.x * twice;
    let y = q.y * twice;
    let z = q.z * twice;
    let w = q.w * twice;
    return mat3x3f(
        1.0 - y.y - z.z, x.y + w.z, x.z - w.y,
        x.y - w.z, 1.0 - x.x - z.z, y.z + w.x,
        x.z + w.y, y.z - w.x, 1.0 - x.x - y.y,
    );
}
