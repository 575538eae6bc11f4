// Noise whose maximum over tokens draws one of them (Maddison et al., "A* Sampling", 2014).

const UNIT: f32 = 2.3283064365386963e-10; // 2^-32

// -log(-log(u)) of u = (bits + 1/2) / 2^32. Large noise is of u near 1, where float32 and log()
// lose digits: there -log(u) is 2 artanh(v / (2 - v)) of v = 1 - u, which the other bits give.
fn gumbel(bits: u32) -> f32 {
    let v = (f32(~bits) + 0.5) * UNIT;
    let s = v / (2.0 - v);
    let t = s * s;
    let near = 2.0 * s * (1.0 + t * (1.0 / 3.0 + t * (1.0 / 5.0)));
    return -log(select(-log((f32(bits) + 0.5) * UNIT), near, v < 0.25));
}
