// request: distance to a Menger sponge fractal
// paraphrase: SDF of the Menger sponge with a number of levels for raymarching
// paraphrase: fractal cube with square holes as a signed distance bound
// family: fractal solid
// tags: sdf, raymarching, fractal, 3d
// difficulty: 3
// split: train
// source: K. Menger, 1926; a cube with crosses cut from it at every scale
// picture: vec3f(smoothstep(-0.02, 0.12, sd_menger_sponge(
//     vec3f(2.4 * (uv - 0.5), 0.9 - 0.5 * uv.x - 0.3 * uv.y), 4u)))

/// Signed distance bound from `p` to the Menger sponge in the cube [-1, 1]³ after `levels` rounds
/// of cutting (0 is the cube; past 8 the holes are too fine for floats); negative inside.
/// It never exceeds the true distance. Round k cuts the lattice of cells of side 2 / 3^k: out of
/// each goes a cross of three square bars a third of the cell wide.
fn sd_menger_sponge(p: vec3f, levels: u32) -> f32 {
    let faces = abs(p) - 1.0;
    var bound = length(max(faces, vec3f(0.0))) + min(max(faces.x, max(faces.y, faces.z)), 0.0);
    var cell = 2.0;
    for (var level = 0u; level < levels; level++) {
        let local = abs(p - cell * round(p / cell));
        let to_bars = max(local.xyz, local.yzx) - cell / 6.0;
        bound = max(bound, -min(to_bars.x, min(to_bars.y, to_bars.z)));
        cell /= 3.0;
    }
    return bound;
}
