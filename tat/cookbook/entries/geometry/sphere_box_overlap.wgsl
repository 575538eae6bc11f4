// request: test whether a sphere touches an axis-aligned box
// paraphrase: does a point light's radius reach a cluster's bounding box
// paraphrase: sphere versus AABB overlap test for culling
// family: sphere box
// tags: collision, culling, aabb, 3d
// difficulty: 1
// split: train
// source: J. Arvo, "A Simple Method for Box-Sphere Intersection Testing", Graphics Gems, 1990
// picture: select(vec3f(0.1), vec3f(1.0, 0.8, 0.3), sphere_box_overlap(vec3f(uv, 0.0), 0.2,
//     vec3f(0.35, 0.4, -1.0), vec3f(0.65, 0.6, 1.0)))

/// Whether the ball around `centre` and the box from `low` to `high` share a point; touching
/// counts. It compares squares: the root of a distance is never needed to order distances.
fn sphere_box_overlap(centre: vec3f, radius: f32, low: vec3f, high: vec3f) -> bool {
    let nearest = clamp(centre, low, high);
    let way = centre - nearest;
    return dot(way, way) <= radius * radius;
}
