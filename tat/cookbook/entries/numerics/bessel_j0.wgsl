// request: Bessel function of the first kind of order zero
// paraphrase: J0(x) for diffraction rings and circular waves
// paraphrase: polynomial approximation of the zeroth Bessel function
// family: bessel functions
// tags: bessel, special-function, wave
// difficulty: 3
// split: test
// source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 9.4.1 and 9.4.3
// picture: vec3f(0.5 + 0.5 * bessel_j0(60.0 * distance(uv, vec2f(0.5))))

/// J0(x) for any real `x`, which is even, 1 at 0, and an ever flatter wave far out: the shape of a
/// drum's ripples. The fits are good to 1e-7; far out, x itself is not.
/// A polynomial in x² does up to 3. Beyond, amplitude and phase of the wave are polynomials in
/// 3 / x. Whole turns are taken off the phase first: WGSL says how good cos is up to pi only.
fn bessel_j0(x: f32) -> f32 {
    let ax = abs(x);
    if ax < 3.0 {
        let y = ax * ax / 9.0;
        return 1.0 + y * (-2.2499997 + y * (1.2656208 + y * (-0.3163866
            + y * (0.0444479 + y * (-0.0039444 + y * 0.00021)))));
    }
    let y = 3.0 / ax;
    let amplitude = 0.79788456 + y * (-0.00000077 + y * (-0.0055274 + y * (-0.00009512
        + y * (0.00137237 + y * (-0.00072805 + y * 0.00014476)))));
    let lag = 0.78539816 + y * (0.04166397 + y * (0.00003954 + y * (-0.00262573
        + y * (0.00054125 + y * (0.00029333 - y * 0.00013558)))));
    let phase = ax - lag;
    let turns = round(phase / 6.2831853);
    return amplitude * cos(phase - 6.2831853 * turns) * inverseSqrt(ax);
}
