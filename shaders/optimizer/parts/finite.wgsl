// WGSL lets a compiler assume that no number is NaN or infinite, so the bits are looked at.

fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}
