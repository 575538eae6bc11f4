// request: reconstruct the world position of a pixel from the depth buffer
// paraphrase: unproject uv and depth with the inverse view projection matrix
// paraphrase: get a 3D position from screen coordinates and depth in WebGPU
// family: unprojection
// tags: depth, camera, reconstruction, matrix, 3d
// difficulty: 1
// split: train
// source: WebGPU specification, coordinate systems

/// Position of the surface seen at `uv`, (0, 0) in the top left and (1, 1) in the bottom right
/// corner, with the value `depth` of the depth buffer. `inverse_projection` is the inverse of the
/// matrix that took positions to clip space: of view and projection for world space, of the
/// projection alone for view space. With an infinite far plane the depth of the sky has no
/// position.
fn position_from_depth(uv: vec2f, depth: f32, inverse_projection: mat4x4f) -> vec3f {
    let clip = vec4f(2.0 * uv.x - 1.0, 1.0 - 2.0 * uv.y, depth, 1.0); // y points up in clip space
    let position = inverse_projection * clip;
    return position.xyz / position.w;
}
