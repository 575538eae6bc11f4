// request: Henyey-Greenstein phase function for volumetric scattering
// paraphrase: how much light fog or clouds scatter towards the viewer at an angle
// paraphrase: anisotropic phase function with a parameter g for forward scattering
// family: phase function
// tags: volumetric, scattering, phase-function, fog, clouds
// difficulty: 1
// split: test
// source: Henyey and Greenstein, "Diffuse Radiation in the Galaxy", Astrophysical Journal 93, 1941
// picture: vec3f(1.0, 0.8, 0.6) * henyey_greenstein(
//     (uv.x - 0.5) / max(distance(uv, vec2f(0.5)), 1e-4), 0.5) * 2.0

/// Probability density, per steradian, that light is scattered by an angle of the given cosine: 1
/// is straight on, -1 straight back. `g` in (-1, 1) is the mean of that cosine: 0 scatters evenly
/// (1 / 4π), haze is about 0.8, negative values scatter back.
fn henyey_greenstein(cos_theta: f32, g: f32) -> f32 {
    // 1 + g² - 2 g cos θ as a sum of positive parts, or all digits would cancel near g = 1.
    let spread = (1.0 - abs(g)) * (1.0 - abs(g)) + 2.0 * (abs(g) - g * cos_theta);
    return (1.0 - g * g) / (12.566371 * spread * sqrt(spread));
}
