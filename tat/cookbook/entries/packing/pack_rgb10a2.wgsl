// request: pack a colour into 10-10-10-2 bits
// paraphrase: store RGBA as an rgb10a2unorm texel in one u32
// paraphrase: quantize a color with ten bits per channel and two for alpha
// family: packed colour
// tags: packing, color, unorm
// difficulty: 1
// split: train
// source: WebGPU specification, texture format rgb10a2unorm

/// The texel of format rgb10a2unorm for `colour`, whose components are clamped to [0, 1]:
/// red in the lowest ten bits, then green, blue, and alpha in the top two.
/// Each value goes to the nearest of 1024 (or 4) steps from 0 to 1, both ends included.
fn pack_rgb10a2(colour: vec4f) -> u32 {
    let steps = vec4f(1023.0, 1023.0, 1023.0, 3.0);
    let q = vec4u(saturate(colour) * steps + 0.5);
    return q.r | (q.g << 10u) | (q.b << 20u) | (q.a << 30u);
}
