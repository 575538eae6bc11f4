// The gradient that attention's backward passes start from, element by element.

fn slope_at(row: u32, e: u32) -> vec4f {
    let query = first_query + row;
    if (query >= end_query || e >= size) {
        return vec4f();
    }
    let i = vec4u(query * params.width + head_start + e) + four_columns(e);
    return within_head(vec4f(dy[i.x], dy[i.y], dy[i.z], dy[i.w]), e);
}
