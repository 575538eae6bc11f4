// request: diffuse irradiance from nine spherical harmonic coefficients
// paraphrase: evaluate L2 spherical harmonics lighting for a normal
// paraphrase: ambient light probe with order 2 SH convolved with the cosine lobe
// family: spherical harmonics
// tags: spherical-harmonics, ambient, irradiance, probe
// difficulty: 3
// split: test
// source: Ramamoorthi and Hanrahan, "An Efficient Representation for Irradiance Environment Maps",
//     SIGGRAPH 2001

/// Irradiance on a surface with the unit `normal`, from the coefficients of the radiance around it
/// in the real spherical harmonics, ordered as l (l + 1) + m: 1; y, z, x; xy, yz, 3z² - 1, xz, x² -
/// y². Divide by π and multiply by the albedo for the reflected radiance. Clamp at 0: a few
/// coefficients of a light that is strong on one side can ring below it on the other.
/// The cosine lobe damps band 0, 1 and 2 by π, 2π/3 and π/4; higher ones hardly pass at all. The
/// numbers are those factors times the constants of the basis functions.
fn sh_irradiance(normal: vec3f, radiance: array<vec3f, 9>) -> vec3f {
    let n = normal;
    let band_0 = 0.8862269 * radiance[0];
    let band_1 = 1.0233267 * (n.y * radiance[1] + n.z * radiance[2] + n.x * radiance[3]);
    let mixed = n.x * n.y * radiance[4] + n.y * n.z * radiance[5] + n.x * n.z * radiance[7];
    let straight = 0.2477080 * (3.0 * n.z * n.z - 1.0) * radiance[6]
        + 0.4290428 * (n.x * n.x - n.y * n.y) * radiance[8];
    return band_0 + band_1 + 0.8580855 * mixed + straight;
}
