// request: quaternion from yaw, pitch and roll angles
// paraphrase: convert Euler angles to a quaternion in the order yaw, pitch, roll
// paraphrase: build a camera orientation from heading, elevation and bank
// family: quaternion construction
// tags: quaternion, euler, rotation, camera, 3d
// difficulty: 1
// split: train
// source: product of three axis rotations, e.g. J. Diebel, "Representing Attitude", 2006

/// Unit quaternion (x, y, z, w) of a rotation by `yaw` around y, in the frame so turned by `pitch`
/// around x, and then by `roll` around z: q = q_yaw q_pitch q_roll. Angles in radians;
/// for a camera with y up that looks along -z, positive ones turn it left, up and counterclockwise.
fn quaternion_from_euler(yaw: f32, pitch: f32, roll: f32) -> vec4f {
    let half = 0.5 * vec3f(pitch, yaw, roll);
    let c = cos(half);
    let s = sin(half);
    return vec4f(
        s.x * c.y * c.z + c.x * s.y * s.z,
        c.x * s.y * c.z - s.x * c.y * s.z,
        c.x * c.y * s.z - s.x * s.y * c.z,
        c.x * c.y * c.z + s.x * s.y * s.z,
    );
}
