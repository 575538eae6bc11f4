// request: principal square root of a complex number
// paraphrase: complex sqrt of a vec2f without overflow or cancellation
// paraphrase: root of re + i im with a non-negative real part
// family: complex numbers
// tags: complex, sqrt, stable
// difficulty: 2
// split: train
// source: W. Kahan, "Branch Cuts for Complex Elementary Functions", 1987
// picture: vec3f(0.5 + 0.5 * sin(12.0 * complex_square_root(4.0 * uv - 2.0)), 0.6)

/// The square root of z.x + i z.y whose real part is not negative; i sqrt(-x) on the negative real
/// axis. The larger part of the result is a root of a sum of positive numbers, and the smaller
/// one follows from it, since twice their product is z.y. Scaling first keeps squares in range.
fn complex_square_root(z: vec2f) -> vec2f {
    let scale = max(abs(z.x), abs(z.y));
    if scale == 0.0 {
        return vec2f(0.0);
    }
    let unit = z / scale;
    let larger = sqrt(0.5 * (length(unit) + abs(unit.x)));
    let smaller = 0.5 * abs(unit.y) / larger;
    let root = select(vec2f(smaller, larger), vec2f(larger, smaller), z.x >= 0.0);
    return sqrt(scale) * vec2f(root.x, select(root.y, -root.y, z.y < 0.0));
}
