// request: distance between two infinite lines in space
// paraphrase: how far apart are two skew or parallel 3D lines
// paraphrase: shortest gap between two lines given by a point and a direction
// family: line distance
// tags: line, distance, 3d
// difficulty: 1
// split: test
// source: Sunday, "Practical Geometry Algorithms", 2021

/// Shortest distance between the lines through `p` and `q` along the unit vectors `u` and `v`.
/// Skew lines lie in two parallel planes, and the gap is measured across them. Nearly parallel
/// ones define no such planes: there any point serves, and its distance to the other line is it.
fn line_distance(p: vec3f, u: vec3f, q: vec3f, v: vec3f) -> f32 {
    let across = cross(u, v);
    let sine = length(across);
    if sine < 1e-5 {
        return length(cross(q - p, u));
    }
    return abs(dot(q - p, across)) / sine;
}
