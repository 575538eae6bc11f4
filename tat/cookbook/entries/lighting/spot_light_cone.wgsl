// request: spotlight falloff between an inner and an outer cone angle
// paraphrase: soft edge of a spot light from its direction and two angles
// paraphrase: angular attenuation of a spotlight as in glTF
// family: light falloff
// tags: light, spotlight, attenuation, gltf
// difficulty: 1
// split: train
// source: glTF extension KHR_lights_punctual
// picture: vec3f(spot_light_cone(normalize(vec3f(uv - 0.5, 1.0)), vec3f(0.0, 0.0, 1.0), 0.2, 0.45))

/// Share of a spot light's intensity that goes along `direction`, from the light to the lit point;
/// `axis` is where it shines. Both have length 1. It is 1 within `inner` radians of the axis, 0
/// from `outer` on (inner <= outer < π), and runs as a parabola of the cosine between.
fn spot_light_cone(direction: vec3f, axis: vec3f, inner: f32, outer: f32) -> f32 {
    let edge = cos(outer);
    let softness = max(cos(inner) - edge, 1e-3); // equal angles give a hard but finite edge
    let share = saturate((dot(direction, axis) - edge) / softness);
    return share * share;
}
