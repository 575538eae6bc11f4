// request: halftone screen of dots for a given tone
// paraphrase: newspaper print effect, grey value as dots of varying size at 45 degrees
// paraphrase: halftone dot pattern whose ink coverage equals the darkness of an image
// family: halftone
// tags: pattern, halftone, print, dots, 2d
// difficulty: 1
// split: train
// source: amplitude modulated screening; the areas of circles
// picture: mix(vec3f(1.0, 0.97, 0.9), vec3f(0.1, 0.1, 0.3), halftone_dots(uv * 20.0, uv.x, 0.05))

/// Ink at `p`, from 0 to 1, for the darkness `tone` in [0, 1]; there is one dot per unit of area,
/// in rows at 45°, with edges `blur` (above 0) wide to both sides.
/// Dots grow until half is covered; from then on gaps between them shrink. Both are circles, so
/// that the share of ink is the tone throughout.
fn halftone_dots(p: vec2f, tone: f32, blur: f32) -> f32 {
    let screen = vec2f(p.x - p.y, p.x + p.y) * sqrt(0.5);
    let is_dark = tone > 0.5;
    let light = select(tone, 1.0 - tone, is_dark);
    let radius = sqrt(light / 3.14159265);
    let from_middle = length(fract(screen + select(0.0, 0.5, is_dark)) - 0.5);
    let spot = saturate(0.5 + 0.5 * (radius - from_middle) / max(min(blur, radius), 1e-6));
    return select(spot, 1.0 - spot, is_dark);
}
