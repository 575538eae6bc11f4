// request: Perlin gradient noise in three dimensions
// paraphrase: 3D improved Perlin noise with the twelve edge gradients
// paraphrase: smooth solid noise of a vec3f between -1 and 1 for volumes and animation
// family: gradient noise
// tags: noise, perlin, procedural, volume, 3d
// difficulty: 2
// split: train
// source: K. Perlin, "Improving Noise", SIGGRAPH 2002
// picture: vec3f(0.5 + 0.5 * gradient_noise_3d(vec3f(uv * 8.0, 0.4)))

/// Dot product of `way` with the gradient of grid point `cell`, one of the twelve directions from
/// the centre of a cube to its edges: two components of +1 or -1 and one of zero.
fn edge_ramp(cell: vec3i, way: vec3f) -> f32 {
    let key = bitcast<vec3u>(cell) * vec3u(0x9e3779b1u, 0x85ebca77u, 0xc2b2ae3du);
    var hash = key.x ^ key.y ^ key.z;
    hash = (hash ^ (hash >> 16u)) * 0x7feb352du;
    hash = (hash ^ (hash >> 15u)) * 0x846ca68bu;
    let sign_bits = vec3u(hash) & (vec3u(1u) << vec3u(28u, 29u, 30u));
    let signed = select(way, -way, sign_bits != vec3u(0u));
    let left_out = (hash >> 8u) % 3u;
    return signed.x + signed.y + signed.z - signed[left_out];
}

/// Gradient noise at `p`: zero on the integer grid, within ±1.04 elsewhere, mostly within ±0.7;
/// the second derivative is continuous.
fn gradient_noise_3d(p: vec3f) -> f32 {
    let cell = vec3i(floor(p));
    let f = fract(p);
    let t = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    var sum = 0.0;
    for (var i = 0u; i < 8u; i++) {
        let corner = (vec3u(i) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
        let share = select(1.0 - t, t, corner == vec3u(1u));
        sum += share.x * share.y * share.z * edge_ramp(cell + vec3i(corner), f - vec3f(corner));
    }
    return sum;
}
