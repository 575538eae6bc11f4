// request: Sierpinski carpet fractal pattern in 2D
// paraphrase: square fractal that drops the middle ninth at every level
// paraphrase: test whether a point is in a hole of the Sierpinski carpet
// family: sierpinski
// tags: pattern, fractal, sierpinski, 2d
// difficulty: 1
// split: test
// source: W. Sierpinski, 1916
// picture: vec3f(sierpinski_carpet(uv, 5u)) * vec3f(0.9, 0.5 + 0.4 * uv.y, 0.3 + 0.4 * uv.x)

/// 1 if `p` is on the carpet after `levels` cuts, 0 if it is in a hole; the carpet fills the unit
/// square and repeats beyond. Written in base 3, a point of a hole has the digit 1 in the same
/// place of both coordinates. Floats hold about 15 such digits; past that all is noise.
fn sierpinski_carpet(p: vec2f, levels: u32) -> f32 {
    var rest = fract(p);
    for (var level = 0u; level < levels; level++) {
        rest *= 3.0;
        let digits = floor(rest);
        if all(digits == vec2f(1.0)) {
            return 0.0;
        }
        rest -= digits;
    }
    return 1.0;
}
