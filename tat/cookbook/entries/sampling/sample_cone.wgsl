// request: uniform random direction inside a cone
// paraphrase: sample the solid angle of a spherical light or the disc of the sun
// paraphrase: jitter a direction within a given half angle, uniformly per steradian
// family: cone sampling
// tags: monte-carlo, cone, soft-shadow, light
// difficulty: 2
// split: test
// source: Pharr, Jakob and Humphreys, "Physically Based Rendering", sampling a cone

/// Unit vector within `half_angle` (radians, 0 to pi) of +z, all directions alike, from two
/// numbers `u` in [0, 1). The density is 1 / (4 pi sin²(half_angle / 2)).
/// It works with 1 - cos: near 1 a cosine has no digits left to tell narrow cones apart.
fn sample_cone(u: vec2f, half_angle: f32) -> vec3f {
    let s = sin(0.5 * half_angle);
    let drop = 2.0 * s * s * u.x; // 1 - cos of the angle to +z
    let sine = sqrt(drop * (2.0 - drop));
    let azimuth = 6.2831853 * u.y;
    return vec3f(sine * cos(azimuth), sine * sin(azimuth), 1.0 - drop);
}
