// request: extrude a 2D signed distance field into a 3D solid
// paraphrase: turn a flat SDF shape into a prism of a given depth
// paraphrase: SDF operator that gives a 2D shape thickness along z
// family: extrusion
// tags: sdf, operator, raymarching, 3d
// difficulty: 1
// split: test
// source: I. Quilez, "Distance functions"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01,
//     extrude_distance(length(uv - 0.5) - 0.35, 0.6 * (uv.x - uv.y), 0.2)))

/// Signed distance to the prism over a flat shape: `flat_distance` is the 2D signed distance at the
/// point's (x, y), `z` its third coordinate; the prism reaches from -half_depth to half_depth.
/// Exact wherever the 2D distance is.
fn extrude_distance(flat_distance: f32, z: f32, half_depth: f32) -> f32 {
    let past_face = abs(z) - half_depth;
    let outside = length(max(vec2f(flat_distance, past_face), vec2f(0.0)));
    return select(outside, max(flat_distance, past_face), outside == 0.0);
}
