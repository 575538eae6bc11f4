// The sum and the maximum of 4 numbers.

fn sum_of_quad(terms: vec4f) -> f32 {
    return (terms.x + terms.y) + (terms.z + terms.w);
}

fn max_of_quad(values: vec4f) -> f32 {
    return max(max(values.x, values.y), max(values.z, values.w));
}

// Of 4 times 4 numbers.
fn sums_of_quads(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
    return vec4f(sum_of_quad(a), sum_of_quad(b), sum_of_quad(c), sum_of_quad(d));
}

fn maxima_of_quads(a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
    return vec4f(max_of_quad(a), max_of_quad(b), max_of_quad(c), max_of_quad(d));
}
