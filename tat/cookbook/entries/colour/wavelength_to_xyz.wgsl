// request: color of a wavelength of light as CIE XYZ
// paraphrase: CIE 1931 color matching functions in closed form
// paraphrase: wavelength in nanometers to XYZ tristimulus values for spectral rendering
// family: spectrum
// tags: spectrum, wavelength, xyz, physics, color
// difficulty: 2
// split: train
// source: Wyman, Sloan and Shirley, "Simple Analytic Approximations to the CIE XYZ Color Matching
//     Functions", JCGT 2(2), 2013
// picture: pow(saturate(0.6 * mat3x3f(3.24, -0.97, 0.06, -1.54, 1.88, -0.2, -0.5, 0.04, 1.06)
//     * wavelength_to_xyz(mix(390.0, 700.0, uv.x))), vec3f(1.0 / 2.2))

/// A bell curve of height 1 at `peak` with different standard deviations to its left and right.
fn skewed_bell(x: f32, peak: f32, left: f32, right: f32) -> f32 {
    let t = (x - peak) / select(right, left, x < peak);
    return exp(-0.5 * t * t);
}

/// The response of the CIE 1931 standard observer to light of a wavelength of `nm` nanometres,
/// visible from about 390 to 700; y peaks at 1. A sum of skewed bells that is within 0.04 of the
/// tables. Integrate it times a spectrum to get the colour of that.
fn wavelength_to_xyz(nm: f32) -> vec3f {
    let x = 1.056 * skewed_bell(nm, 599.8, 37.9, 31.0)
        + 0.362 * skewed_bell(nm, 442.0, 16.0, 26.7)
        - 0.065 * skewed_bell(nm, 501.1, 20.4, 26.2);
    let y = 0.821 * skewed_bell(nm, 568.8, 46.9, 40.5) + 0.286 * skewed_bell(nm, 530.9, 16.3, 31.1);
    let z = 1.217 * skewed_bell(nm, 437.0, 11.8, 36.0) + 0.681 * skewed_bell(nm, 459.0, 26.0, 13.8);
    return vec3f(x, y, z);
}
