// request: cosine-weighted random direction on the hemisphere
// paraphrase: importance sample a diffuse surface from two random numbers
// paraphrase: pick a bounce direction with density cos theta over pi around +z
// family: hemisphere sampling
// tags: monte-carlo, importance-sampling, pathtracing, diffuse
// difficulty: 1
// split: train
// source: Pharr, Jakob and Humphreys, "Physically Based Rendering", Malley's method
// picture: 0.5 + 0.5 * sample_cosine_hemisphere(uv)

/// Unit vector in the hemisphere around +z with density z / pi per steradian, from two numbers
/// `u` in [0, 1): a uniform point of the unit disc, lifted onto the sphere.
/// For a Lambertian surface the estimate is then albedo times incoming light, without a cosine.
fn sample_cosine_hemisphere(u: vec2f) -> vec3f {
    let azimuth = 6.2831853 * u.y;
    let on_disc = sqrt(u.x) * vec2f(cos(azimuth), sin(azimuth));
    return vec3f(on_disc, sqrt(max(1.0 - u.x, 0.0)));
}
