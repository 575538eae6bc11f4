// request: sample the Henyey-Greenstein phase function
// paraphrase: random scattering direction in fog, clouds or skin with anisotropy g
// paraphrase: importance sample a volume's phase function around the z axis
// family: phase function sampling
// tags: monte-carlo, volume, scattering, importance-sampling
// difficulty: 2
// split: train
// source: Henyey and Greenstein, "Diffuse Radiation in the Galaxy", 1941
// picture: 0.5 + 0.5 * sample_henyey_greenstein(0.6, uv)

/// Unit vector around +z, the way the light went, with the density of Henyey and Greenstein for a
/// mean cosine `g`, between -1 (back) and 1 (forward), both exclusive; `u` is in [0, 1).
/// The textbook inverse divides by g and subtracts nearly equal numbers. Written with 1 + k and
/// 1 - k, where k is u.x seen through a velocity addition, it is smooth at 0 and keeps its digits.
fn sample_henyey_greenstein(g: f32, u: vec2f) -> vec3f {
    let scale = 2.0 / (1.0 + g * (2.0 * u.x - 1.0));
    let k_up = scale * u.x * (1.0 + g);
    let k_down = scale * (1.0 - u.x) * (1.0 - g);
    let up = k_up * (1.0 + 0.5 * g * k_down); // 1 + cosine
    let down = k_down * (1.0 - 0.5 * g * k_up); // 1 - cosine
    let sine = sqrt(up * down);
    let azimuth = 6.2831853 * u.y;
    return vec3f(sine * cos(azimuth), sine * sin(azimuth), 0.5 * (up - down));
}
