// request: sample visible normals of the GGX distribution
// paraphrase: VNDF importance sampling of a rough specular surface
// paraphrase: random microfacet normal as seen from the view direction, in tangent space
// family: visible normal sampling
// tags: monte-carlo, ggx, importance-sampling, pbr
// difficulty: 3
// split: train
// source: Dupuy and Benyoub, "Sampling Visible GGX Normals with Spherical Caps", HPG 2023

/// Unit microfacet normal, drawn from those of GGX that `view` sees; tangent space with z up,
/// `view` a unit vector with z >= 0, `alpha` (above 0) the squared roughness along x and y, `u` in
/// [0, 1)². The weight of the reflected ray is then just Fresnel times G2 / G1.
/// Stretching by alpha makes the surface a hemisphere. Seen from there, the reflected directions
/// fill a cap of the sphere evenly, and the normal is half way to the viewer.
fn sample_visible_normal(view: vec3f, alpha: vec2f, u: vec2f) -> vec3f {
    let towards = normalize(vec3f(alpha * view.xy, view.z));
    let azimuth = 6.2831853 * u.x;
    let height = 1.0 - u.y * (1.0 + towards.z);
    let radius = sqrt(saturate(1.0 - height * height));
    let reflected = vec3f(radius * cos(azimuth), radius * sin(azimuth), height);
    let halfway = reflected + towards;
    return normalize(vec3f(alpha * halfway.xy, max(halfway.z, 1e-6)));
}
