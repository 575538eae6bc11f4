// request: Schlick's approximation of Fresnel reflectance
// paraphrase: how much light a surface reflects at a viewing angle, given its F0
// paraphrase: Fresnel term of a PBR material
// family: fresnel
// tags: starter, fresnel, pbr, brdf
// difficulty: 1
// split: train
// source: C. Schlick, "An Inexpensive BRDF Model for Physically-based Rendering", 1994
// picture: fresnel_schlick(uv.x, vec3f(1.0, 0.77, 0.34))

/// Share of light that is reflected, per colour channel, rising to 1 at grazing angles.
/// `cos_theta` lies between view and half vector; `f0` is the reflectance at normal incidence.
fn fresnel_schlick(cos_theta: f32, f0: vec3f) -> vec3f {
    let grazing = 1.0 - saturate(cos_theta);
    let squared = grazing * grazing;
    return f0 + (1.0 - f0) * (squared * squared * grazing);
}
