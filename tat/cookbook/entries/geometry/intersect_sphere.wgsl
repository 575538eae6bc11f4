// request: intersect a ray with a sphere
// paraphrase: distance along a ray to the first hit of a sphere, or -1 for a miss
// paraphrase: ray-sphere intersection test for a ray tracer
// family: ray sphere
// tags: starter, raytracing, intersection, 3d
// difficulty: 2
// split: train
// source: Haines et al., "Precision Improvements for Ray/Sphere Intersection",
//     Ray Tracing Gems, 2019
// picture: vec3f(2.0 * abs(intersect_sphere(
//     vec3f(uv - 0.5, 0.5), vec3f(0.0, 0.0, -1.0), vec3f(0.0), 0.45)))

/// Distance along the ray to the first point of the sphere that is not behind the origin,
/// or -1 if there is none. `direction` has length 1; from inside, the way out is found.
fn intersect_sphere(origin: vec3f, direction: vec3f, centre: vec3f, radius: f32) -> f32 {
    let to_centre = centre - origin;
    let middle = dot(to_centre, direction);
    let off_axis = to_centre - middle * direction;
    let discriminant = radius * radius - dot(off_axis, off_axis);
    if discriminant < 0.0 {
        return -1.0;
    }
    let half_chord = sqrt(discriminant);
    if middle + half_chord < 0.0 {
        return -1.0;
    }
    return select(middle + half_chord, middle - half_chord, middle >= half_chord);
}
