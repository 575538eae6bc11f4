// request: inverse square falloff of a point light with a finite range
// paraphrase: physically based light attenuation that reaches zero at a radius
// paraphrase: how bright is a point light at a distance, windowed so that it can be culled
// family: light falloff
// tags: light, attenuation, point-light, pbr
// difficulty: 1
// split: train
// source: B. Karis, "Real Shading in Unreal Engine 4", SIGGRAPH 2013 course
// picture: vec3f(light_attenuation(2.0 * distance(uv, vec2f(0.5)), 0.9) * 0.05)

/// Falloff of a point light at `way` (any unit of length, 0 and up), to multiply by its intensity:
/// 1 / way² near the light, smoothly bent to 0 at `range` (above 0), beyond which the light may be
/// culled. Within a hundredth of a unit it stays constant, in place of a pole.
fn light_attenuation(way: f32, range: f32) -> f32 {
    let share = way / range;
    let square = share * share;
    let window = saturate(1.0 - square * square);
    return window * window / max(way * way, 1e-4);
}
