// request: encode luminance with the PQ curve for HDR displays
// paraphrase: SMPTE ST 2084 perceptual quantizer, nits to a signal between 0 and 1
// paraphrase: HDR10 transfer function for linear light in candela per square meter
// family: hdr transfer
// tags: hdr, pq, transfer, display, color
// difficulty: 2
// split: train
// source: SMPTE ST 2084:2014; ITU-R BT.2100
// picture: step(vec3f(1.0 - uv.y), pq_encode(1000.0 * uv.xxx))

/// Encodes linear light in cd/m² (0 to 10000, clamped) as a PQ signal in [0, 1]; 100 cd/m², about
/// paper white, becomes 0.508. Equal steps of the signal look alike at any brightness.
/// The outer power of 78.84 enlarges rounding errors to some 1e-4, a tenth of a 10-bit step.
fn pq_encode(nits: vec3f) -> vec3f {
    const M1 = 2610.0 / 16384.0;
    const M2 = 2523.0 / 32.0;
    const C1 = 3424.0 / 4096.0;
    const C2 = 2413.0 / 128.0;
    const C3 = 2392.0 / 128.0;
    let power = pow(saturate(nits / 10000.0), vec3f(M1));
    return pow((C1 + C2 * power) / (1.0 + C3 * power), vec3f(M2));
}
