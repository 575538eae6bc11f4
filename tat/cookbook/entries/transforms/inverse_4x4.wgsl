// request: inverse of a 4x4 matrix in a shader
// paraphrase: invert a mat4x4, which WGSL has no builtin for
// paraphrase: general 4x4 matrix inversion with cross products instead of cofactor tables
// family: matrix inverse
// tags: matrix, inverse, linear-algebra
// difficulty: 3
// split: train
// source: E. Lengyel, "Foundations of Game Engine Development", volume 1, 1.7

/// Inverse of `m`, which must not be singular: its determinant is divided by, unchecked.
/// The columns are split into their upper three rows, a to d, and the bottom row. The 2 x 2 minors
/// that Laplace's expansion by pairs of columns needs are then just components of four vectors.
fn inverse_4x4(m: mat4x4f) -> mat4x4f {
    let a = m[0].xyz;
    let b = m[1].xyz;
    let c = m[2].xyz;
    let d = m[3].xyz;
    let bottom = vec4f(m[0].w, m[1].w, m[2].w, m[3].w);
    let ab = cross(a, b);
    let cd = cross(c, d);
    let ab_bottom = bottom.y * a - bottom.x * b;
    let cd_bottom = bottom.w * c - bottom.z * d;
    let scale = 1.0 / (dot(ab, cd_bottom) + dot(cd, ab_bottom));
    let rows = mat4x4f(
        vec4f(cross(b, cd_bottom) + bottom.y * cd, -dot(b, cd)),
        vec4f(cross(cd_bottom, a) - bottom.x * cd, dot(a, cd)),
        vec4f(cross(d, ab_bottom) + bottom.w * ab, -dot(d, ab)),
        vec4f(cross(ab_bottom, c) - bottom.z * ab, dot(c, ab)),
    );
    return scale * transpose(rows);
}
