// request: energy-normalized Blinn-Phong specular highlight
// paraphrase: specular reflection from a half vector and a shininess exponent
// paraphrase: classic Blinn-Phong shading whose highlights get brighter as they get smaller
// family: blinn phong
// tags: specular, blinn-phong, shading, brdf
// difficulty: 1
// split: train
// source: J. F. Blinn, 1977; normalisation as in Akenine-Moller et al., "Real-Time Rendering"
// picture: vec3f(0.03, 0.05, 0.1) + 0.4 * blinn_phong(normalize(vec3f(2.2 * uv - 1.1,
//     sqrt(max(1.0 - 4.84 * dot(uv - 0.5, uv - 0.5), 0.0)))),
//     normalize(vec3f(-0.5, -0.5, 0.8)), vec3f(0.0, 0.0, 1.0), 25.0)

/// Specular BRDF times n·l for white reflectance. Vectors have length 1 and point away from the
/// surface; `shininess` is from 1 (dull) to some thousands. Light from below the horizon gives 0.
/// The factor (s + 8) / 8π keeps the reflected energy about the same for any shininess.
fn blinn_phong(normal: vec3f, light: vec3f, view: vec3f, shininess: f32) -> f32 {
    let half_vector = light + view;
    let half_length = max(length(half_vector), 1e-6); // 0 where the light is behind the surface
    let n_dot_h = saturate(dot(normal, half_vector) / half_length);
    let n_dot_l = saturate(dot(normal, light));
    return (shininess + 8.0) / 25.132741 * pow(n_dot_h, shininess) * n_dot_l;
}
