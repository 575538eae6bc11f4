// request: solve a quadratic equation without cancellation
// paraphrase: real roots of a x^2 + b x + c in ascending order
// paraphrase: quadratic formula that stays accurate when b is much larger than a c
// family: polynomial roots
// tags: roots, polynomial, stable
// difficulty: 2
// split: train
// source: Press et al., "Numerical Recipes", section 5.6
// picture: vec3f(0.4 * solve_quadratic(1.0, 4.0 * uv.x - 2.0, 2.0 * uv.y - 1.0))

/// The real roots of a x² + b x + c as (count, lower, upper). Count is 0, 2, or 1 where `a` is 0
/// and the equation linear; a double root is given twice, a missing one is 0.
/// Adding numbers of one sign gives the larger root; the other follows from their product c / a,
/// where the textbook formula would subtract nearly equal numbers.
fn solve_quadratic(a: f32, b: f32, c: f32) -> vec3f {
    if a == 0.0 {
        let root = -c / b;
        return select(vec3f(1.0, root, root), vec3f(0.0), b == 0.0);
    }
    let discriminant = b * b - 4.0 * a * c;
    if discriminant < 0.0 {
        return vec3f(0.0);
    }
    let reach = sqrt(discriminant);
    let q = -0.5 * (b + select(-reach, reach, b >= 0.0));
    let one = q / a;
    let other = select(c / q, 0.0, q == 0.0);
    return vec3f(2.0, min(one, other), max(one, other));
}
