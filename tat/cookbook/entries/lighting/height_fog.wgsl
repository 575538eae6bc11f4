// request: transmittance of exponential height fog along a ray
// paraphrase: fog that gets thinner with height, integrated analytically
// paraphrase: how much of the scene is visible through ground fog over a distance
// family: fog
// tags: fog, atmosphere, transmittance, volumetric
// difficulty: 2
// split: train
// source: Beer's law; C. Wenzel, "Real-time Atmospheric Effects in Games", SIGGRAPH 2006 course
// picture: mix(vec3f(0.75, 0.8, 0.85), vec3f(0.1, 0.2, 0.3), height_fog(
//     vec3f(0.0, 0.2, 0.0), normalize(vec3f(1.0, 0.7 - uv.y, 0.0)), 1.0 + 6.0 * uv.x, 0.6, 2.0))

/// Share of light that passes the fog over the length `path` (0 and up) from `origin` along the
/// unit vector `direction`. At y = 0 the fog takes `density` per unit of length; it thins out
/// e-fold for each 1 / `falloff` units of height.
/// The integral is the difference of the densities at both ends over the climb, which is 0 / 0 for
/// a level ray: there three terms of its series are exact to rounding.
fn height_fog(origin: vec3f, direction: vec3f, path: f32, density: f32, falloff: f32) -> f32 {
    let climb = falloff * direction.y * path;
    let near = exp(-falloff * origin.y);
    let far = exp(-falloff * origin.y - climb);
    let level = near * (1.0 - climb * (0.5 - climb / 6.0));
    let mean = select((near - far) / climb, level, abs(climb) < 0.01);
    return exp(-density * path * mean);
}
