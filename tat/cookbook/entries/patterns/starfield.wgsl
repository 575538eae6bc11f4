// request: night sky with stars of different brightness and color
// paraphrase: procedural star field from a 2D position
// paraphrase: scatter glowing random stars over a background, some bluish and some orange
// family: starfield
// tags: pattern, stars, sky, procedural, 2d
// difficulty: 2
// split: train
// picture: vec3f(0.01, 0.015, 0.04) + starfield(uv * 12.0)

/// Four pseudo-random numbers in [0, 1) for the star of the grid cell `cell`.
fn star_numbers(cell: vec2i) -> vec4f {
    var words = bitcast<u32>(cell.x) * 0x9e3779b9u
        + bitcast<u32>(cell.y) * 0x7f4a7c15u
        + vec4u(0u, 0x3c6ef372u, 0xdaa66d2bu, 0x78dde6e4u);
    words = (words ^ (words >> vec4u(16u))) * 0x21f0aaadu;
    words = (words ^ (words >> vec4u(15u))) * 0x735a2d97u;
    return vec4f((words ^ (words >> vec4u(15u))) >> vec4u(8u)) * 0x1p-24;
}

/// Linear RGB light of the stars at `p`, one per unit cell: many faint and few bright ones, the
/// brightest about 1, with a tint from orange to blue. Glow ends half a unit from a star, so that
/// the 3 x 3 cells around hold all there is to see, and nothing is cut off at their borders.
fn starfield(p: vec2f) -> vec3f {
    let home = vec2i(floor(p));
    var light = vec3f(0.0);
    for (var i = 0; i < 9; i++) {
        let cell = home + vec2i(i % 3, i / 3) - 1;
        let star = star_numbers(cell);
        let way = vec2f(cell) + star.xy - p;
        let brightness = star.z * star.z * star.z * star.z;
        let radius = 0.08 + 0.42 * brightness;
        let glow = max(1.0 - dot(way, way) / (radius * radius), 0.0);
        let tint = mix(vec3f(1.0, 0.75, 0.5), vec3f(0.65, 0.8, 1.0), star.w);
        light += tint * (0.15 + 0.85 * brightness) * pow(glow, 6.0);
    }
    return light;
}
