// request: signed distance to a chain link
// paraphrase: SDF of a torus stretched into an oval link of a chain
// paraphrase: 3D distance field of an elongated ring with a round cross section
// family: torus
// tags: sdf, raymarching, torus, link, 3d
// difficulty: 1
// split: train
// source: I. Quilez, "Distance functions"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, sd_link(vec3f(uv - 0.5, 0.0), 0.18, 0.17, 0.06)))

/// Signed distance from `p` to a link in the plane z = 0 around the origin, negative inside: two
/// half rings of `ring_radius`, joined by straight pieces from y = -half_length to half_length, all
/// as thick as `tube_radius`. With a `half_length` of 0 it is a torus.
fn sd_link(p: vec3f, half_length: f32, ring_radius: f32, tube_radius: f32) -> f32 {
    let past_straight = p.y - clamp(p.y, -half_length, half_length);
    let to_ring = length(vec2f(p.x, past_straight)) - ring_radius;
    return length(vec2f(to_ring, p.z)) - tube_radius;
}
