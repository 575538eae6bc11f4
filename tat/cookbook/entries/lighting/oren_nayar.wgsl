// request: Oren-Nayar diffuse shading for rough surfaces
// paraphrase: diffuse reflection of clay, plaster or the moon that looks flatter than Lambert
// paraphrase: rough diffuse BRDF from normal, light and view vectors without trigonometry
// family: diffuse
// tags: diffuse, oren-nayar, rough, brdf
// difficulty: 2
// split: train
// source: Oren and Nayar, "Generalization of Lambert's Reflectance Model", SIGGRAPH 1994
// picture: vec3f(oren_nayar(normalize(vec3f(2.2 * uv - 1.1,
//     sqrt(max(1.0 - 4.84 * dot(uv - 0.5, uv - 0.5), 0.0)))),
//     normalize(vec3f(-0.5, -0.5, 0.6)), vec3f(0.0, 0.0, 1.0), 0.5))

/// What stands in for n·l: multiply it by albedo / π and the light's irradiance. All vectors have
/// length 1 and point away from the surface; `sigma` is the standard deviation of its slopes in
/// radians, 0 for Lambert's law to about 0.6. Light or viewer below the horizon give 0.
/// The model's sin α tan β cos φ, with its four angles, comes down to two lines: cos φ times both
/// sines is l·v - (n·l) (n·v), and the larger of both cosines is what it is divided by.
fn oren_nayar(normal: vec3f, light: vec3f, view: vec3f, sigma: f32) -> f32 {
    let n_dot_l = dot(normal, light);
    let n_dot_v = dot(normal, view);
    if n_dot_l <= 0.0 || n_dot_v <= 0.0 {
        return 0.0;
    }
    let variance = sigma * sigma;
    let constant = 1.0 - 0.5 * variance / (variance + 0.33);
    let facing = 0.45 * variance / (variance + 0.09);
    let same_side = max(dot(light, view) - n_dot_l * n_dot_v, 0.0);
    return n_dot_l * (constant + facing * same_side / max(n_dot_l, n_dot_v));
}
