// request: intersect a ray with an axis-aligned box
// paraphrase: slab test returning entry and exit distance of an AABB
// paraphrase: ray-box intersection for traversing a BVH or marching through a volume
// family: ray box
// tags: raytracing, intersection, aabb, bvh
// difficulty: 2
// split: train
// source: Kay and Kajiya, "Ray Tracing Complex Scenes", SIGGRAPH 1986
// picture: vec3f(0.9, 0.95, 1.0) * dot(intersect_box(
//     vec3f(1.6, 1.6, 2.0) - vec3f(1.0, -0.2, -0.8) * (2.0 * uv.x - 1.0)
//     + vec3f(0.5, -1.4, 0.6) * (2.0 * uv.y - 1.0),
//     vec3f(-0.53, -0.53, -0.66), vec3f(-0.6), vec3f(0.6)), vec2f(-0.5, 0.5))

/// Distances, in lengths of `direction`, where the ray enters and leaves the box from `low` to
/// `high`; it enters at 0 from inside. Both are -1 if the box is missed or behind the origin.
/// A component of 0 is made tiny instead: WGSL promises no infinity for 1 / 0, and 0 / 0 would be
/// no number. A ray that runs exactly within the plane of a face may count either way.
fn intersect_box(origin: vec3f, direction: vec3f, low: vec3f, high: vec3f) -> vec2f {
    let sloped = select(direction, vec3f(1e-20), abs(direction) < vec3f(1e-20));
    let to_low = (low - origin) / sloped;
    let to_high = (high - origin) / sloped;
    let first = min(to_low, to_high);
    let last = max(to_low, to_high);
    let enter = max(max(first.x, first.y), max(first.z, 0.0));
    let leave = min(min(last.x, last.y), last.z);
    return select(vec2f(-1.0), vec2f(enter, leave), enter <= leave);
}
