// request: sunflower seed pattern with the golden angle
// paraphrase: phyllotaxis spiral dots, the nearest seed and its number
// paraphrase: evenly spaced points on a disc in Fibonacci spirals like a sunflower head
// family: phyllotaxis
// tags: pattern, sunflower, spiral, golden-ratio, 2d
// difficulty: 3
// split: test
// source: H. Vogel, "A Better Way to Construct the Sunflower Head", Math. Biosciences 44, 1979
// picture: mix(vec3f(0.15, 0.1, 0.05), vec3f(1.0, 0.75, 0.2) * (0.6 + 0.4 * cos(
//     0.48332195 * phyllotaxis(24.0 * (uv - 0.5)).y)),
//     smoothstep(0.7, 0.6, phyllotaxis(24.0 * (uv - 0.5)).x))

/// The seed nearest to `p` in an endless sunflower head around the origin: its distance, at most
/// 1.3, and its number from 0, the middle, outwards.
/// Seed n stands at the radius sqrt(n + 1/2), turned by n golden angles, one seed to an area of π.
/// So seeds in reach of `p` have numbers in a narrow band, about 5 per unit of |p|, and all are
/// tried. The turns are counted in 32-bit fixed point, where whole turns fall off without rounding.
fn phyllotaxis(p: vec2f) -> vec2f {
    const REACH = 1.3; // no point is further from all seeds
    const GOLDEN_TURN = 0x61c88647u; // 2^32 / golden ratio²
    let radius = length(p);
    let inner = max(radius - REACH, 0.0);
    let outer = radius + REACH;
    var best = vec2f(10.0, 0.0);
    for (var n = u32(inner * inner); f32(n) < outer * outer; n++) {
        let angle = f32(bitcast<i32>(n * GOLDEN_TURN)) * (3.14159265 * 0x1p-31);
        let gap = distance(p, sqrt(f32(n) + 0.5) * vec2f(cos(angle), sin(angle)));
        best = select(best, vec2f(gap, f32(n)), gap < best.x);
    }
    return best;
}
