// request: error function erf(x) in single precision
// paraphrase: integral of the Gaussian bell curve from 0 to x
// paraphrase: erf approximation for an exact GELU or a Gaussian-blurred edge
// family: error function
// tags: erf, gaussian, special-function
// difficulty: 2
// split: train
// source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.5 and 7.1.26
// picture: vec3f(0.5 + 0.5 * error_function((uv.x - 0.5) * 12.0 * uv.y))

/// erf(x) = 2 / sqrt(pi) times the integral of exp(-t²) from 0 to `x`; odd, and ±1 far out.
/// Off by 2e-7 at most. Near 0, where the rational fit would leave few correct digits of a small
/// value, the power series takes over.
fn error_function(x: f32) -> f32 {
    let square = x * x;
    if square < 0.25 {
        let tail = square * (1.0 / 10.0 - square * (1.0 / 42.0 - square * (1.0 / 216.0
            - square / 1320.0)));
        return 1.1283792 * x * (1.0 - square * (1.0 / 3.0) + square * tail);
    }
    let t = 1.0 / (1.0 + 0.3275911 * abs(x));
    let fit = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741
        + t * (-1.453152027 + t * 1.061405429))));
    return sign(x) * (1.0 - fit * exp(-square));
}
