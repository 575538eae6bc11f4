// request: height-correlated Smith visibility term for GGX
// paraphrase: masking and shadowing of microfacets divided by the BRDF denominator
// paraphrase: geometry term V of a PBR specular BRDF from n dot v, n dot l and roughness
// family: microfacet shadowing
// tags: ggx, smith, specular, pbr, brdf
// difficulty: 2
// split: test
// source: E. Heitz, "Understanding the Masking-Shadowing Function", JCGT 3(2), 2014
// picture: vec3f(0.5 * visibility_smith_ggx(max(uv.x, 0.02), 0.6, max(1.0 - uv.y, 0.05)))

/// Share of microfacets that both viewer and light see, divided by 4 (n·v) (n·l): the specular BRDF
/// is this times the distribution D times the Fresnel term, with nothing left to divide by.
/// Cosines in [0, 1], not both 0; `roughness` is perceptual, in (0, 1], and squared here.
fn visibility_smith_ggx(n_dot_v: f32, n_dot_l: f32, roughness: f32) -> f32 {
    let alpha = roughness * roughness;
    let cosines = vec2f(n_dot_v, n_dot_l);
    let paths = cosines.yx * sqrt(mix(cosines * cosines, vec2f(1.0), alpha * alpha));
    return 0.5 / max(paths.x + paths.y, 1e-7);
}
