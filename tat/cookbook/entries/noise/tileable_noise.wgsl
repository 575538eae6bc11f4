// request: seamless 2D noise that repeats with a given period
// paraphrase: tileable Perlin noise for a texture that wraps around without a seam
// paraphrase: gradient noise whose left edge matches its right edge and top matches bottom
// family: periodic noise
// tags: noise, perlin, tileable, texture, 2d
// difficulty: 2
// split: train
// source: periodic lattice of K. Perlin, "An Image Synthesizer", SIGGRAPH 1985
// picture: vec3f(0.5 + 0.6 * tileable_noise(uv * 12.0, vec2u(4u, 4u)))

/// Gradient of a lattice point: one of eight compass directions of length 1.
fn compass_gradient(point: vec2u) -> vec2f {
    var h = point.x * 0x45d9f3bu + point.y * 0x119de1f3u;
    h = (h ^ (h >> 16u)) * 0x45d9f3bu;
    h ^= h >> 16u;
    let ways = select(vec2f(-1.0), vec2f(1.0), (vec2u(h, h >> 1u) & vec2u(1u)) != vec2u(0u));
    let straight = select(vec2f(ways.x, 0.0), vec2f(0.0, ways.x), (h & 2u) != 0u);
    return select(straight, ways * sqrt(0.5), (h & 4u) != 0u);
}

/// Gradient noise at `p`, in [-1, 1], that repeats after `period` units (1 or more) along x and y.
/// To fill a texture with n x n features, sample it at `uv * n` with the period n.
fn tileable_noise(p: vec2f, period: vec2u) -> f32 {
    let size = vec2f(period);
    let f = fract(p);
    // The cell's place in its tile, from 0 to period - 1 on both sides of the origin.
    let low = vec2u(floor(p) - size * floor(floor(p) / size)) % period;
    let high = (low + 1u) % period;
    let blend = f * f * f * (f * (f * 6.0 - 15.0) + 10.0);
    let ramps = vec4f(
        dot(compass_gradient(low), f),
        dot(compass_gradient(vec2u(high.x, low.y)), f - vec2f(1.0, 0.0)),
        dot(compass_gradient(vec2u(low.x, high.y)), f - vec2f(0.0, 1.0)),
        dot(compass_gradient(high), f - 1.0),
    );
    let columns = mix(ramps.xz, ramps.yw, blend.x);
    return sqrt(2.0) * mix(columns.x, columns.y, blend.y);
}
