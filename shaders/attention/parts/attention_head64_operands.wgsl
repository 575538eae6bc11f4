// The operands of attention for heads of 64 columns, by quads. Rows behind the last that counts are
// read as that one: what comes of them is masked, or not stored.

fn query_place(row: u32, quad: u32) -> u32 {
    return (min(first_query + row, end_query - 1u) * params.width + head_start) / 4u + quad;
}

// values: 0 for the keys, 1 for the values beside them.
fn key_value_at(values: u32, row: u32, quad: u32) -> Factor {
    let place = min(first_key + row, end_key - 1u) * 2u + values;
    return Factor(kv[(place * params.width + head_start) / 4u + quad]);
}
