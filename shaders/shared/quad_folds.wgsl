// What 4 numbers come to.

fn sum_of_quad(terms: vec4f) -> f32 {
    return (terms.x + terms.y) + (terms.z + terms.w);
}

fn max_of_quad(values: vec4f) -> f32 {
    return max(max(values.x, values.y), max(values.z, values.w));
}
