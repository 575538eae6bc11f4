// request: exact Fresnel reflectance of a metal from its complex refractive index
// paraphrase: Fresnel equations of a conductor with eta and k per color channel
// paraphrase: reflectance of gold or copper at any angle from measured optical constants
// family: fresnel
// tags: fresnel, metal, conductor, pbr, brdf
// difficulty: 3
// split: train
// source: Born and Wolf, "Principles of Optics", 14.2; S. Lagarde, "Memo on Fresnel equations",
//     2013
// picture: sqrt(fresnel_conductor(uv.x, vec3f(0.18, 0.42, 1.37), vec3f(3.42, 2.35, 1.77)))

/// Share of unpolarised light that a metal in air reflects, per channel. `cos_theta` in [0, 1] is
/// that of the angle to the normal; the complex index is `eta` + i `kappa`: gold has about
/// (0.18, 0.42, 1.37) and (3.42, 2.35, 1.77). Without absorption (kappa 0) it is a dielectric.
/// The refracted wave's normal component a + i b is the square root of a complex number; only a and
/// the modulus are needed, so that everything stays real.
fn fresnel_conductor(cos_theta: f32, eta: vec3f, kappa: vec3f) -> vec3f {
    let cos_squared = cos_theta * cos_theta;
    let sin_squared = 1.0 - cos_squared;
    let real_part = eta * eta - kappa * kappa - sin_squared;
    let modulus = sqrt(real_part * real_part + 4.0 * eta * eta * kappa * kappa);
    let a = sqrt(max(0.5 * (modulus + real_part), vec3f(0.0)));
    let sum = modulus + cos_squared;
    let difference = 2.0 * cos_theta * a;
    let across = (sum - difference) / (sum + difference);
    let tilted_sum = cos_squared * modulus + sin_squared * sin_squared;
    let tilted_difference = difference * sin_squared;
    let along = across * (tilted_sum - tilted_difference) / (tilted_sum + tilted_difference);
    return 0.5 * (across + along);
}
