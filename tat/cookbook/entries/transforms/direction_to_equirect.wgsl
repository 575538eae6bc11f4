// request: direction to equirectangular texture coordinates
// paraphrase: look up an HDR environment panorama by a 3D direction
// paraphrase: convert a unit vector to latitude-longitude uv
// family: sphere mapping
// tags: environment, panorama, spherical, texture, 3d
// difficulty: 1
// split: test
// source: plate carree projection
// picture: vec3f(direction_to_equirect(vec3f(2.0 * uv.x - 1.0, 1.0 - 2.0 * uv.y, 0.5)), 0.5)

/// Texture coordinates in a panorama with y up at its top edge, for a `direction` of any length but
/// 0: +x in the middle, +z a quarter to its right, the seam at -x. Straight up and down the column
/// is arbitrary, and 1/2.
/// Both angles come from atan2, which is precise everywhere; acos(y) is not near the poles.
fn direction_to_equirect(direction: vec3f) -> vec2f {
    let flat_length = length(direction.xz);
    let x = select(direction.x, 1.0, flat_length == 0.0);
    let longitude = atan2(direction.z, x);
    let colatitude = atan2(flat_length, direction.y);
    return vec2f(0.5 + longitude / 6.2831853, colatitude / 3.14159265);
}
