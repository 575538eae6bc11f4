// request: sphere tracing of a signed distance field along a ray
// paraphrase: raymarch an SDF scene with over-relaxed steps and a fallback
// paraphrase: find where a ray hits a distance field, with few steps and a hit tolerance
// family: raymarching
// tags: sdf, raymarching, raytracing, iteration, 3d
// difficulty: 3
// split: train
// source: J. C. Hart, "Sphere Tracing", 1996; Keinert et al., "Enhanced Sphere Tracing", 2014
// picture: mix(vec3f(0.55, 0.75, 1.0), vec3f(0.95, 0.6, 0.35), saturate(2.0 / sphere_trace(
//     vec3f(0.0, 1.0, -3.0), normalize(vec3f(uv.x - 0.5, 0.3 - uv.y, 1.0)), 40.0)))

/// The scene; put your own here. A ball that rests on the plane y = 0.
fn scene_distance(p: vec3f) -> f32 {
    return min(distance(p, vec3f(0.0, 1.0, 0.0)) - 1.0, p.y);
}

/// Distance along the ray from `origin` (outside all surfaces) to the first hit, or -1 if there is
/// none within `reach`; `direction` has length 1.
/// Steps are half as long again as is safe. That skips nothing as long as the spheres around the
/// ends of a step still touch; where they do not, the step is taken back and made plainly.
fn sphere_trace(origin: vec3f, direction: vec3f, reach: f32) -> f32 {
    const LONGER = 1.5;
    var t = 0.0;
    var stride = 0.0;
    var last_gap = 0.0;
    for (var i = 0; i < 200; i++) {
        let gap = scene_distance(origin + t * direction);
        if stride > last_gap + max(gap, 0.0) {
            t -= stride - last_gap;
            stride = last_gap;
            continue;
        }
        if t >= reach {
            break;
        }
        if gap < 1e-4 * max(t, 1.0) {
            return t; // as near as the ray is wide; plain tolerances fail far away
        }
        stride = LONGER * gap;
        last_gap = gap;
        t += stride;
    }
    return -1.0;
}
