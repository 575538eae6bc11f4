// request: real roots of a cubic polynomial
// paraphrase: solve x^3 + b x^2 + c x + d = 0 in closed form
// paraphrase: Cardano and trigonometric solution of a cubic equation, roots sorted
// family: polynomial roots
// tags: roots, polynomial, cubic, newton
// difficulty: 3
// split: train
// source: R. W. D. Nickalls, "A New Approach to Solving the Cubic", Mathematical Gazette 77, 1993

/// `x` after a step of Newton's method on the cubic; as it was where the curve is flat.
fn polish_root(x: f32, b: f32, c: f32, d: f32) -> f32 {
    let value = ((x + b) * x + c) * x + d;
    let slope = (3.0 * x + 2.0 * b) * x + c;
    return x - select(value / slope, 0.0, abs(slope) < 1e-6);
}

/// The real roots of x³ + b x² + c x + d as (count, ascending roots), the count 1 or 3; roots that
/// are not there are 0. Where two roots nearly meet, either count may come.
/// Seen from its point of inflection the cubic is t³ - 3 p t - 2 q. Three roots are the shadows of
/// an equilateral triangle; a single one is a sum of two cube roots, the larger taken directly
/// and the other as p divided by it. The closed forms lose digits, which one step of Newton mends.
fn solve_cubic(b: f32, c: f32, d: f32) -> vec4f {
    let centre = -b / 3.0;
    let p = centre * centre - c / 3.0;
    let q = -0.5 * (((centre + b) * centre + c) * centre + d);
    let discriminant = q * q - p * p * p;
    if discriminant > 0.0 {
        let u = pow(abs(q) + sqrt(discriminant), 1.0 / 3.0);
        let t = select(-1.0, 1.0, q >= 0.0) * (u + p / u);
        return vec4f(1.0, polish_root(centre + t, b, c, d), 0.0, 0.0);
    }
    let radius = sqrt(max(p, 0.0));
    let cosine = select(q / (p * radius), 0.0, p <= 0.0);
    let angle = acos(clamp(cosine, -1.0, 1.0)) / 3.0;
    let shadows = cos(angle + vec3f(2.0943951, -2.0943951, 0.0));
    let roots = centre + 2.0 * radius * shadows;
    return vec4f(
        3.0,
        polish_root(roots.x, b, c, d),
        polish_root(roots.y, b, c, d),
        polish_root(roots.z, b, c, d),
    );
}
