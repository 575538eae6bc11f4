// request: variance shadow map visibility with Chebyshev's inequality
// paraphrase: soft shadow from depth moments with light bleeding reduction
// paraphrase: VSM shadow test from mean depth and mean squared depth
// family: variance shadow
// tags: shadow, vsm, shadow-map, filtering
// difficulty: 2
// split: test
// source: Donnelly and Lauritzen, "Variance Shadow Maps", I3D 2006
// picture: vec3f(variance_shadow(vec2f(0.4, 0.16 + 0.1 * uv.y), uv.x, 1e-4, 0.2))

/// Upper bound, in [0, 1], of the share of light that reaches the depth `receiver`. `moments` are
/// the filtered depth and squared depth of the shadow map there; `min_variance` (above 0, about
/// 1e-5) covers rounding and keeps surfaces from shadowing themselves. What is below `bleeding` (0
/// to 1, 0.2 is usual) counts as dark: light leaks where shadows of several casters overlap.
fn variance_shadow(moments: vec2f, receiver: f32, min_variance: f32, bleeding: f32) -> f32 {
    let behind = receiver - moments.x;
    if behind <= 0.0 {
        return 1.0;
    }
    let variance = max(moments.y - moments.x * moments.x, min_variance);
    let bound = variance / (variance + behind * behind);
    return saturate((bound - bleeding) / (1.0 - bleeding));
}
