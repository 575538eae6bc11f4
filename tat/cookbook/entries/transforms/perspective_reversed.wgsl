// request: reversed-z perspective projection matrix without a far plane
// paraphrase: infinite far plane projection for WebGPU with depth 1 at the near plane
// paraphrase: perspective matrix from field of view and aspect with the best depth precision
// family: projection
// tags: camera, projection, perspective, matrix, depth, 3d
// difficulty: 2
// split: train
// source: Upchurch and Desbrun, "Tightening the Precision of Perspective Rendering",
//     JGT 16(1), 2012

/// Projection of a camera that looks along -z, y up, to WebGPU's clip space. `fov_y` is the
/// vertical field of view in radians (below π), `aspect` width over height, `near` the distance of
/// the near plane (above 0).
/// Depth is near / distance: 1 at the near plane, 0 at infinity. Floats are densest near 0, which
/// makes up for the crowding of far depths: clear to 0 and compare with `greater`.
fn perspective_reversed(fov_y: f32, aspect: f32, near: f32) -> mat4x4f {
    let zoom = 1.0 / tan(0.5 * fov_y);
    return mat4x4f(
        zoom / aspect, 0.0, 0.0, 0.0,
        0.0, zoom, 0.0, 0.0,
        0.0, 0.0, 0.0, -1.0,
        0.0, 0.0, near, 0.0,
    );
}
