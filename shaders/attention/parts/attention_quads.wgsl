// The operands of attention 4 elements at a time, for heads whose width is a multiple of 4.

fn query_at(row: u32, e: u32) -> vec4f {
    let query = first_query + row;
    if (query >= end_query || e >= size) {
        return vec4f();
    }
    return vec4f(q[(query * params.width + head_start + e) / 4u]);
}

// values: 0 for the keys, 1 for the values beside them.
fn key_value_at(values: u32, row: u32, e: u32) -> vec4f {
    let key = first_key + row;
    if (key >= end_key || e >= size) {
        return vec4f();
    }
    return vec4f(kv[((key * 2u + values) * params.width + head_start + e) / 4u]);
}
