// request: transform an axis-aligned bounding box by a matrix
// paraphrase: world space AABB of an object from its local AABB and model matrix
// paraphrase: bounds of a rotated box without transforming its eight corners
// family: bounding box
// tags: aabb, bounding-volume, matrix, culling
// difficulty: 2
// split: test
// source: J. Arvo, "Transforming Axis-Aligned Bounding Boxes", Graphics Gems, 1990

struct Box {
    low: vec3f,
    high: vec3f,
}

/// The smallest axis-aligned box around `box` after the affine `matrix`; with a projection it
/// would be wrong. The centre moves like any point, and half the size like a sum of three arrows,
/// each of which may point either way: hence the absolute values.
fn transform_box(box: Box, matrix: mat4x4f) -> Box {
    let centre = 0.5 * (box.low + box.high);
    let reach = 0.5 * (box.high - box.low);
    let moved = (matrix * vec4f(centre, 1.0)).xyz;
    let spread = abs(matrix[0].xyz) * reach.x
        + abs(matrix[1].xyz) * reach.y
        + abs(matrix[2].xyz) * reach.z;
    return Box(moved - spread, moved + spread);
}
