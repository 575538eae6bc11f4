// request: quaternion that rotates one direction onto another
// paraphrase: shortest rotation from one unit vector to another, also for opposite vectors
// paraphrase: align an axis with a direction by a quaternion
// family: quaternion construction
// tags: quaternion, rotation, alignment, 3d
// difficulty: 2
// split: train
// source: the half angle between two vectors from their sum

/// The smallest rotation, as a unit quaternion (x, y, z, w), that turns the direction `start` into
/// `end`; both have length 1. Opposite directions have no single smallest one: any perpendicular
/// axis will do.
/// The sum of both has the length 2 cos(α / 2), their cross product 2 sin(α / 2) cos(α / 2): one
/// over the other is the vector part, and no angle has to be known.
fn quaternion_between(start: vec3f, end: vec3f) -> vec4f {
    let sum = length(start + end);
    if sum < 1e-3 {
        let along_z = vec3f(-start.y, start.x, 0.0);
        let along_x = vec3f(0.0, -start.z, start.y);
        return vec4f(normalize(select(along_x, along_z, abs(start.x) > abs(start.z))), 0.0);
    }
    return vec4f(cross(start, end) / sum, 0.5 * sum);
}
