// request: GGX normal distribution function for microfacet shading
// paraphrase: Trowbridge-Reitz D term of a specular BRDF from roughness
// paraphrase: density of microfacet normals around the half vector
// family: microfacet distribution
// tags: starter, ggx, specular, pbr, brdf
// difficulty: 2
// split: train
// source: Walter et al., "Microfacet Models for Refraction through Rough Surfaces", EGSR 2007
// picture: vec3f(distribution_ggx(uv.x, max(1.0 - uv.y, 0.05)))

/// Density of microfacet normals, per steradian, in the direction of the half vector.
/// `n_dot_h` is in [0, 1]; `roughness` is perceptual, in (0, 1], and squared here.
fn distribution_ggx(n_dot_h: f32, roughness: f32) -> f32 {
    let alpha = roughness * roughness;
    let scaled = alpha * n_dot_h;
    let k = alpha / (1.0 - n_dot_h * n_dot_h + scaled * scaled);
    return k * k / 3.14159265;
}
