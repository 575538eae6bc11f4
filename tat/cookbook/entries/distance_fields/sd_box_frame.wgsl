// request: signed distance to the wireframe of a box
// paraphrase: SDF of a hollow 3D box frame made of twelve square beams
// paraphrase: distance field of the edges of a cuboid with a thickness
// family: box
// tags: sdf, raymarching, box, frame, 3d
// difficulty: 2
// split: train
// source: union of boxes folded by symmetry; I. Quilez, "Distance functions"
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_box_frame(
//     vec3f(uv - 0.5, 0.1 + 0.1 * uv.x), vec3f(0.35, 0.25, 0.2), 0.08)))

/// Signed distance to a box, from the signed distances `d` to its three pairs of faces.
fn box_from_faces(d: vec3f) -> f32 {
    return length(max(d, vec3f(0.0))) + min(max(d.x, max(d.y, d.z)), 0.0);
}

/// Signed distance from `p` to the twelve beams along the edges of a box around the origin,
/// negative inside them. `half_size` reaches to the outer faces; the beams are `thickness` wide.
/// Inside a corner, where beams overlap, the depth is that of one beam.
fn sd_box_frame(p: vec3f, half_size: vec3f, thickness: f32) -> f32 {
    let whole = abs(p) - half_size; // to the faces of the box
    let beam = abs(whole + 0.5 * thickness) - 0.5 * thickness; // to the faces of a beam
    let along_x = box_from_faces(vec3f(whole.x, beam.yz));
    let along_y = box_from_faces(vec3f(beam.x, whole.y, beam.z));
    let along_z = box_from_faces(vec3f(beam.xy, whole.z));
    return min(along_x, min(along_y, along_z));
}
