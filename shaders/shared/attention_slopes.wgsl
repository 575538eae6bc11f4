// What the backward passes of attention read beside attention_operands.

fn slope_at(row: u32, e: u32) -> f32 {
    let query = first_query + row;
    if (query >= end_query || e >= size) {
        return 0.0;
    }
    return dy[query * params.width + head_start + e];
}

// Element of lse or delta [B*T, H] for a query of the tile.
fn statistic_index(query: u32, head: u32) -> u32 {
    return min(first_query + query, end_query - 1u) * params.heads + head;
}
