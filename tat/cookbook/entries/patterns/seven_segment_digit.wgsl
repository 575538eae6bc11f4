// request: seven segment display digit as a signed distance
// paraphrase: draw a number like a digital clock with a 2D distance field
// paraphrase: SDF of an LED digit 0 to 9 or hexadecimal A to F
// family: digit display
// tags: pattern, digits, text, sdf, ui, 2d
// difficulty: 2
// split: train
// picture: mix(vec3f(1.0, 0.25, 0.1), vec3f(0.1, 0.03, 0.03), smoothstep(-0.02, 0.02,
//     seven_segment_digit((fract(uv * 4.0) - 0.5) * vec2f(3.0, -3.0),
//     u32(4.0 * uv.x) + 4u * u32(4.0 * uv.y), 0.22)))

/// The lit segments of 0 to 9 and A to F; bit 0 is the top one, bits 1 to 5 go on clockwise, bit 6
/// is the middle.
const LIT_SEGMENTS = array<u32, 16>(
    0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f, 0x77, 0x7c, 0x39, 0x5e, 0x79, 0x71,
);

const SEGMENT_CENTRES = array<vec2f, 7>(
    vec2f(0.0, 1.0), vec2f(0.5, 0.5), vec2f(0.5, -0.5), vec2f(0.0, -1.0),
    vec2f(-0.5, -0.5), vec2f(-0.5, 0.5), vec2f(0.0, 0.0),
);

/// Signed distance from `p` to the lit segments of `digit` (0 to 15), negative on them. Segments
/// lie on the lines x = ±0.5 and y = -1, 0, 1, y upwards, are `thickness` (below 0.5) wide and have
/// round ends with small gaps between them.
fn seven_segment_digit(p: vec2f, digit: u32, thickness: f32) -> f32 {
    let lit = LIT_SEGMENTS[digit & 15u];
    var gap = 10.0;
    for (var i = 0u; i < 7u; i++) {
        if ((lit >> i) & 1u) == 1u {
            let way = abs(p - SEGMENT_CENTRES[i]);
            let lying = select(way.yx, way, i % 3u == 0u); // 0, 3 and 6 are horizontal
            gap = min(gap, length(vec2f(max(lying.x - 0.5 + 0.6 * thickness, 0.0), lying.y)));
        }
    }
    return gap - 0.5 * thickness;
}
