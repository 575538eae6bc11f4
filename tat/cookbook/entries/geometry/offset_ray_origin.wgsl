// request: offset a ray origin to avoid hitting the surface it starts on
// paraphrase: prevent shadow acne and self-intersection in a ray tracer at any scale
// paraphrase: push a hit point off its surface along the normal by a few float steps
// family: ray offset
// tags: raytracing, self-intersection, precision, bits
// difficulty: 2
// split: train
// source: Wachter and Binder, "A Fast and Robust Method for Avoiding Self-Intersection",
//     Ray Tracing Gems, 2019

/// The point next to `p` on the side that the unit vector `normal` points to, from where a ray does
/// not meet p's own surface again. Negate the normal for a ray that goes through.
/// A fixed epsilon is too small far out and too large close by; a number of ulp grows with the
/// coordinate. Stepping the bits moves away from zero, so negative ones step backwards. Near
/// zero, where ulp get tiny but the surface's own errors do not, a fixed offset takes over.
fn offset_ray_origin(p: vec3f, normal: vec3f) -> vec3f {
    let ulps = vec3i(256.0 * normal);
    let outwards = select(ulps, -ulps, p < vec3f(0.0));
    let stepped = bitcast<vec3f>(bitcast<vec3i>(p) + outwards);
    let nudged = p + normal * 0x1p-16;
    return select(stepped, nudged, abs(p) < vec3f(0x1p-5));
}
