// request: Lanczos windowed sinc weight for image resampling
// paraphrase: Lanczos-3 filter kernel as a function of distance
// paraphrase: sharp downscaling filter weight with a given number of lobes
// family: resampling kernel
// tags: resampling, filter, sinc, image
// difficulty: 1
// split: train
// source: C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", 1979
// picture: vec3f(1.0 - smoothstep(0.01, 0.02, abs(0.75 - uv.y
//     - 0.65 * lanczos_weight(7.0 * uv.x - 3.5, 3.0))))

/// sin(angle) / angle for `angle` from 0 to 3 pi.
fn sine_over_angle(angle: f32) -> f32 {
    if angle > 1.5 {
        return sin(angle) / angle;
    }
    // Near 0 the error of sin would be magnified; the series has none to speak of up to 1.5.
    let s = angle * angle;
    return 1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0
        + s * (1.0 / 362880.0 - s / 39916800.0))));
}

/// Weight of a sample `x` pixels away: a sinc, faded out by the middle lobe of another one that is
/// `lobes` (2 or 3) times as wide; 0 beyond. It is negative in places, and the weights of samples
/// one pixel apart sum to 1 only nearly: divide by their sum.
fn lanczos_weight(x: f32, lobes: f32) -> f32 {
    let angle = 3.14159265 * abs(x);
    let weight = sine_over_angle(angle) * sine_over_angle(angle / lobes);
    return select(0.0, weight, abs(x) < lobes);
}
