// request: matrix that transforms normals of a scaled model
// paraphrase: normal matrix for non-uniform scale without inverting the model matrix
// paraphrase: cofactor matrix of the upper 3x3 to transform surface normals
// family: matrix inverse
// tags: matrix, normal, model, 3d
// difficulty: 1
// split: train
// source: E. Lengyel, "Foundations of Game Engine Development", volume 1, 3.2

/// Matrix that takes normals along with points transformed by `model`; normalise the result.
/// Its columns are cross products of the model's axes, that is the inverse transpose times the
/// determinant, whose sign alone is taken off. It needs no division and so survives a model that
/// is squashed flat; mirrored models keep their normals outside.
fn normal_matrix(model: mat4x4f) -> mat3x3f {
    let x = model[0].xyz;
    let y = model[1].xyz;
    let z = model[2].xyz;
    let handedness = select(-1.0, 1.0, dot(x, cross(y, z)) >= 0.0);
    return handedness * mat3x3f(cross(y, z), cross(z, x), cross(x, y));
}
