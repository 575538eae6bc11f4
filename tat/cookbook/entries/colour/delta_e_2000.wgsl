// request: CIEDE2000 color difference between two Lab colors
// paraphrase: perceptual distance of two colors with the Delta E 2000 formula
// paraphrase: how different do two CIELAB colors look, as one number
// family: colour difference
// tags: lab, perceptual, difference, color
// difficulty: 3
// split: train
// source: Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula", 2005
// picture: vec3f(delta_e_2000(
//     vec3f(60.0, 25.0, 15.0), vec3f(60.0, 160.0 * (uv - 0.5))) / 60.0)

/// Rises from 0 for greys to 1 for chromas well above 25.
fn coarse_chroma(chroma: f32) -> f32 {
    let ratio = pow(chroma / 25.0, 7.0);
    return sqrt(ratio / (1.0 + ratio));
}

/// Difference of two CIELAB colours (L in 0 to 100); about 1 is just noticeable, 0 the same.
/// Differences of lightness, chroma and hue are each divided by how coarsely the eye sees them
/// there; in the blues a term is added for hue and chroma together.
fn delta_e_2000(first: vec3f, second: vec3f) -> f32 {
    const TURN = 6.2831853;
    const DEGREE = TURN / 360.0;
    // Greys look less uniform in Lab than they are: a is stretched where both chromas are low.
    let mean_chroma = 0.5 * (length(first.yz) + length(second.yz));
    let stretch = 1.5 - 0.5 * coarse_chroma(mean_chroma);
    let ab_1 = first.yz * vec2f(stretch, 1.0);
    let ab_2 = second.yz * vec2f(stretch, 1.0);
    let chroma_1 = length(ab_1);
    let chroma_2 = length(ab_2);
    // A grey has no hue, but then the hue counts for nothing below; so little keeps atan2 defined.
    let hue_1 = atan2(ab_1.y, ab_1.x + 1e-30);
    let hue_2 = atan2(ab_2.y, ab_2.x + 1e-30);
    let turn = hue_2 - hue_1 - TURN * round((hue_2 - hue_1) / TURN); // the short way round
    let hue = hue_1 + 0.5 * turn;
    let d_lightness = second.x - first.x;
    let d_chroma = chroma_2 - chroma_1;
    let d_hue = 2.0 * sqrt(chroma_1 * chroma_2) * sin(0.5 * turn);

    let lightness = 0.5 * (first.x + second.x) - 50.0;
    let chroma = 0.5 * (chroma_1 + chroma_2);
    let by_hue = 1.0
        - 0.17 * cos(hue - 30.0 * DEGREE)
        + 0.24 * cos(2.0 * hue)
        + 0.32 * cos(3.0 * hue + 6.0 * DEGREE)
        - 0.20 * cos(4.0 * hue - 63.0 * DEGREE);
    let square = lightness * lightness;
    let l = d_lightness / (1.0 + 0.015 * square / sqrt(20.0 + square));
    let c = d_chroma / (1.0 + 0.045 * chroma);
    let h = d_hue / (1.0 + 0.015 * chroma * by_hue);
    let from_blue = (hue - TURN * floor(hue / TURN)) / DEGREE / 25.0 - 11.0;
    let rotation = 2.0 * coarse_chroma(chroma) * sin(60.0 * DEGREE * exp(-from_blue * from_blue));
    return sqrt(max(l * l + c * c + h * h - rotation * c * h, 0.0));
}
