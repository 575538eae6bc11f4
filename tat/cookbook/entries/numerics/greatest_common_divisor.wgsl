// request: greatest common divisor of two unsigned integers
// paraphrase: Euclid's algorithm for u32 values
// paraphrase: reduce a fraction by finding the largest shared factor
// family: number theory
// tags: integer, gcd, euclid
// difficulty: 1
// split: train
// source: Euclid, "Elements", book VII, proposition 2

/// Largest integer that divides both `a` and `b`; the other one where one is 0, and 0 for both.
/// At most 47 steps are taken, for neighbouring Fibonacci numbers.
fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    var larger = max(a, b);
    var smaller = min(a, b);
    while smaller != 0u {
        let rest = larger % smaller;
        larger = smaller;
        smaller = rest;
    }
    return larger;
}
