// request: smallest sphere that encloses two spheres
// paraphrase: merge two bounding spheres when building a hierarchy
// paraphrase: bounding sphere around a pair of spheres stored as center and radius
// family: bounding sphere
// tags: bounding-volume, sphere, bvh, culling
// difficulty: 1
// split: train
// source: Ericson, "Real-Time Collision Detection", section 6.5.2

/// The smallest sphere around both `a` and `b`, each with its centre in xyz and its radius in w;
/// one of the two if it holds the other. Otherwise it spans from the far side of one to the far
/// side of the other, along the line of their centres.
fn merge_spheres(a: vec4f, b: vec4f) -> vec4f {
    let way = b.xyz - a.xyz;
    let gap = length(way);
    if gap + min(a.w, b.w) <= max(a.w, b.w) {
        return select(b, a, a.w >= b.w);
    }
    let radius = 0.5 * (gap + a.w + b.w);
    return vec4f(a.xyz + way * ((radius - a.w) / gap), radius);
}
