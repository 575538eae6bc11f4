// request: ridged multifractal noise for mountain terrain
// paraphrase: noise with sharp ridges like a mountain range, from a 2D position
// paraphrase: Musgrave's ridged fractal, rough on the peaks and smooth in the valleys
// family: fractal sum
// tags: noise, ridged, terrain, octaves, procedural, 2d
// difficulty: 2
// split: test
// source: F. K. Musgrave in Ebert et al., "Texturing and Modeling: A Procedural Approach"
// picture: vec3f(ridged_noise(uv * 3.0, 6u))

/// Gradient noise at `p` with diagonal gradients, in [-1, 1], zero at the grid points.
fn diagonal_noise(p: vec2f) -> f32 {
    let f = fract(p);
    let t = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    var sum = 0.0;
    for (var y = 0; y < 2; y++) {
        for (var x = 0; x < 2; x++) {
            let key = bitcast<vec2u>(vec2i(floor(p)) + vec2i(x, y)) * vec2u(73856093u, 19349663u);
            let bits = ((key.x ^ key.y) * 0x5bd1e995u) >> 28u;
            let way = (f - vec2f(vec2i(x, y))) * vec2f(1.0, select(-1.0, 1.0, (bits & 2u) != 0u));
            let weight = select(1.0 - t.x, t.x, x == 1) * select(1.0 - t.y, t.y, y == 1);
            sum += weight * (way.x + way.y) * select(-1.0, 1.0, (bits & 1u) != 0u);
        }
    }
    return sum;
}

/// Ridged fractal of `octaves` (1 or more) layers at `p`, in [0, 1], near 1 on the crests.
/// Noise folded at zero and turned over has sharp ridges; a layer counts only as far as the layer
/// before it was high, which leaves valleys smooth.
fn ridged_noise(p: vec2f, octaves: u32) -> f32 {
    var position = p;
    var presence = 1.0;
    var height = 0.5;
    var sum = 0.0;
    var total = 0.0;
    for (var i = 0u; i < octaves; i++) {
        let ridge = 1.0 - abs(diagonal_noise(position));
        let layer = ridge * ridge * presence;
        sum += height * layer;
        total += height;
        presence = saturate(2.0 * layer);
        height *= 0.5;
        position = 2.03 * position.yx + vec2f(31.7, -11.9);
    }
    return sum / total;
}
