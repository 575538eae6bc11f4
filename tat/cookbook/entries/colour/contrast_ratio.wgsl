// request: WCAG contrast ratio of two colors
// paraphrase: is text readable on a background, contrast from 1 to 21
// paraphrase: accessibility contrast between two sRGB colors by relative luminance
// family: luminance contrast
// tags: contrast, luminance, accessibility, ui, color
// difficulty: 1
// split: test
// source: Web Content Accessibility Guidelines 2.2, definitions of contrast ratio and luminance
// picture: vec3f((contrast_ratio(uv.xxx, vec3f(uv.y, 0.5, 0.5)) - 1.0) / 6.0)

/// Relative luminance, from 0 (black) to 1 (white), of an sRGB colour in [0, 1].
fn relative_luminance(srgb: vec3f) -> f32 {
    let power = pow((srgb + 0.055) / 1.055, vec3f(2.4));
    let linear = select(power, srgb / 12.92, srgb <= vec3f(0.04045));
    return dot(linear, vec3f(0.2126, 0.7152, 0.0722));
}

/// Contrast of two sRGB colours, in either order: from 1 (alike) to 21 (black and white). The
/// guidelines ask for 4.5 or more under text and for 3 or more under large text.
/// The 0.05 stands for the light that any screen reflects.
fn contrast_ratio(one: vec3f, other: vec3f) -> f32 {
    let a = relative_luminance(one) + 0.05;
    let b = relative_luminance(other) + 0.05;
    return max(a, b) / min(a, b);
}
