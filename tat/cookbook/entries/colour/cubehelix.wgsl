// request: cubehelix color map for scientific data
// paraphrase: colormap whose brightness rises evenly while the hue winds around
// paraphrase: false colors that still print well in black and white
// family: colour map
// tags: colormap, visualization, gradient, color
// difficulty: 2
// split: test
// source: D. A. Green, "A colour scheme for the display of astronomical intensity images", 2011
// picture: cubehelix(uv.x, 0.5, mix(-1.5, 1.5, uv.y), 1.0)

/// Colour of the value `fraction` in [0, 1], from black to white, clamped to [0, 1].
/// It runs along the grey diagonal of the RGB cube and winds around it: `start` is the hue (1 red,
/// 2 green, 3 blue), `turns` the number of windings to white (-1.5 is common), `colourfulness` 0
/// for greys to about 1. The winding is in planes of equal perceived brightness.
fn cubehelix(fraction: f32, start: f32, turns: f32, colourfulness: f32) -> vec3f {
    const COSINE_AXIS = vec3f(-0.14861, -0.29227, 1.97294);
    const SINE_AXIS = vec3f(1.78277, -0.90649, 0.0);
    let turn = start / 3.0 + turns * fraction;
    let angle = 6.2831853 * (turn - round(turn));
    let radius = 0.5 * colourfulness * fraction * (1.0 - fraction);
    return saturate(fraction + radius * (cos(angle) * COSINE_AXIS + sin(angle) * SINE_AXIS));
}
