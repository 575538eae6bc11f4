// request: encode a unit vector as two numbers with the octahedral mapping
// paraphrase: compress a normal to a vec2f for a G-buffer
// paraphrase: octahedral normal packing, folding the lower half sphere outwards
// family: octahedral
// tags: starter, packing, normal, gbuffer
// difficulty: 2
// split: train
// source: Cigolle et al., "Survey of Efficient Representations for Independent Unit Vectors",
//     JCGT 3(2), 2014
// picture: vec3f(0.5 + 0.5 * octahedral_encode(normalize(vec3f(uv - 0.5, 0.25))), 0.0)

/// Maps the unit vector `n` to the square [-1, 1]², almost evenly: the upper half (z from 0 on)
/// to the diamond in the middle, the lower half folded out into the corners.
fn octahedral_encode(n: vec3f) -> vec2f {
    let p = n.xy / dot(abs(n), vec3f(1.0));
    let side = select(vec2f(-1.0), vec2f(1.0), p >= vec2f(0.0));
    let folded = (1.0 - abs(p.yx)) * side;
    return select(folded, p, n.z >= 0.0);
}
