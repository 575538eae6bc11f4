// request: exact Fresnel reflectance of a dielectric such as glass or water
// paraphrase: unpolarized Fresnel equations with total internal reflection
// paraphrase: how much light glass reflects at an angle, given its index of refraction
// family: fresnel
// tags: fresnel, refraction, glass, brdf
// difficulty: 2
// split: train
// source: Born and Wolf, "Principles of Optics", 1.5.2
// picture: vec3f(fresnel_dielectric(uv.x, mix(2.5, 0.5, uv.y)))

/// Share of unpolarised light that is reflected, in [0, 1]. `cos_theta` in [0, 1] is that of the
/// angle to the normal; `index_ratio` is the refractive index behind the surface over the one in
/// front: about 1.5 into glass and 1 / 1.5 out of it, where all light past a critical angle is
/// reflected.
fn fresnel_dielectric(cos_theta: f32, index_ratio: f32) -> f32 {
    let cos_squared = 1.0 - (1.0 - cos_theta * cos_theta) / (index_ratio * index_ratio);
    if cos_squared <= 0.0 {
        return 1.0; // total internal reflection: no refracted ray
    }
    let cos_refracted = sqrt(cos_squared);
    // One amplitude for each polarisation, across and along the plane of incidence.
    let front = vec2f(1.0, index_ratio) * cos_theta;
    let behind = vec2f(index_ratio, 1.0) * cos_refracted;
    let amplitudes = (front - behind) / (front + behind);
    return 0.5 * dot(amplitudes, amplitudes);
}
