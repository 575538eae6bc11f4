// request: intersect a ray with a plane
// paraphrase: distance along a ray to an infinite plane, or -1 if it never meets it
// paraphrase: where does the view ray hit the ground plane
// family: ray plane
// tags: raytracing, intersection, plane, 3d
// difficulty: 1
// split: train
// source: Ericson, "Real-Time Collision Detection", section 5.3.1

/// Distance, in lengths of `direction`, to the plane of all p with dot(normal, p) = `height`;
/// -1 if the ray runs parallel to it or away from it. Either side is hit.
fn intersect_plane(origin: vec3f, direction: vec3f, normal: vec3f, height: f32) -> f32 {
    let speed = dot(normal, direction);
    let gap = height - dot(normal, origin);
    // A signed comparison instead of a division first: parallel rays need no quotient.
    if speed == 0.0 || gap * sign(speed) < 0.0 {
        return -1.0;
    }
    return gap / speed;
}
