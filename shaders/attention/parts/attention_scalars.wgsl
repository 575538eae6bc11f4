// The operands of attention element by element, for heads of any width.

// Offsets of columns e to e + 3 from e, those behind the head's last drawn back to it.
fn four_columns(e: u32) -> vec4u {
    return min(vec4u(0u, 1u, 2u, 3u), vec4u(size - 1u - e));
}

// 0 for what four_columns has drawn back.
fn within_head(values: vec4f, e: u32) -> vec4f {
    return select(vec4f(), values, vec4u(e) + vec4u(0u, 1u, 2u, 3u) < vec4u(size));
}

fn query_at(row: u32, e: u32) -> vec4f {
    let query = first_query + row;
    if (query >= end_query || e >= size) {
        return vec4f();
    }
    let i = vec4u(query * params.width + head_start + e) + four_columns(e);
    return within_head(vec4f(q[i.x], q[i.y], q[i.z], q[i.w]), e);
}

// values: 0 for the keys, 1 for the values beside them.
fn key_value_at(values: u32, row: u32, e: u32) -> vec4f {
    let key = first_key + row;
    if (key >= end_key || e >= size) {
        return vec4f();
    }
    let i = vec4u((key * 2u + values) * params.width + head_start + e) + four_columns(e);
    return within_head(vec4f(kv[i.x], kv[i.y], kv[i.z], kv[i.w]), e);
}
