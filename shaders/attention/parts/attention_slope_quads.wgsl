// The gradient that attention's backward passes start from, 4 elements at a time.

fn slope_at(row: u32, e: u32) -> vec4f {
    let query = first_query + row;
    if (query >= end_query || e >= size) {
        return vec4f();
    }
    return vec4f(dy[(query * params.width + head_start + e) / 4u]);
}
