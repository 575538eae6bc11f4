// request: intersect a ray with a capped cylinder between two points
// paraphrase: ray-cylinder intersection with flat end caps in any orientation
// paraphrase: first hit of a ray on a solid cylinder given its axis ends and radius
// family: ray cylinder
// tags: raytracing, intersection, cylinder, 3d
// difficulty: 3
// split: test
// source: the cylinder as the intersection of a slab and an infinite cylinder
// picture: vec3f(0.3, 0.6, 0.9) * (1.9 - intersect_cylinder(vec3f(2.0 * uv - 1.0, 2.0) * 0.5,
//     vec3f(0.0, 0.0, -1.0), vec3f(-0.25, 0.2, -0.3), vec3f(0.2, -0.15, 0.3), 0.22))

/// Distance along the ray (unit `direction`) to the solid cylinder of `radius` around the axis from
/// `a` to `b`, caps included; from inside, to the way out. -1 is a miss.
/// A convex solid cut out by two others is met where the ray is in both: two intervals, whose
/// common part begins at the later entry and ends at the earlier exit.
fn intersect_cylinder(origin: vec3f, direction: vec3f, a: vec3f, b: vec3f, radius: f32) -> f32 {
    let height = distance(a, b);
    let axis = (b - a) / height;
    let start = origin - a;

    // Between the caps: two parallel planes.
    let climb = dot(direction, axis);
    let level = dot(start, axis);
    let steep = select(climb, 1e-20, abs(climb) < 1e-20);
    let caps = vec2f(-level, height - level) / steep;

    // Within the tube: what is left of ray and origin without their parts along the axis.
    let across = direction - climb * axis;
    let aside = start - level * axis;
    let speed = max(dot(across, across), 1e-20);
    let middle = -dot(aside, across) / speed;
    let closest = aside + middle * across;
    let reach = (radius * radius - dot(closest, closest)) / speed;
    if reach < 0.0 {
        return -1.0;
    }
    let half_chord = sqrt(reach);

    let enter = max(min(caps.x, caps.y), middle - half_chord);
    let leave = min(max(caps.x, caps.y), middle + half_chord);
    if enter > leave || leave < 0.0 {
        return -1.0;
    }
    return select(enter, leave, enter < 0.0);
}
