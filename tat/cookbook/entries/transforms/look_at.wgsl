// request: view matrix of a camera that looks at a point
// paraphrase: right-handed lookAt matrix from eye, focus and up vector
// paraphrase: world to camera transform that keeps working when looking straight up
// family: view matrix
// tags: camera, view, matrix, 3d
// difficulty: 2
// split: test
// source: an orthonormal frame from two vectors, inverted by transposition

/// Matrix from world to camera space for a camera at `eye` that looks at the different point
/// `focus`: x right, y up, -z forwards. `up` may have any length. When it is parallel to the line
/// of sight the picture could be turned in any way; one is chosen, where the usual code would give
/// NaN.
fn look_at(eye: vec3f, focus: vec3f, up: vec3f) -> mat4x4f {
    let back = normalize(eye - focus);
    let side = cross(up, back);
    let other_up = select(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 0.0, 1.0), abs(back.x) > 0.5);
    let is_parallel = dot(side, side) <= 1e-10 * dot(up, up);
    let right = normalize(select(side, cross(other_up, back), is_parallel));
    let above = cross(back, right);
    let turn = transpose(mat3x3f(right, above, back));
    return mat4x4f(
        vec4f(turn[0], 0.0),
        vec4f(turn[1], 0.0),
        vec4f(turn[2], 0.0),
        vec4f(-(turn * eye), 1.0),
    );
}
