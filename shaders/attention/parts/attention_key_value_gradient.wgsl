// A workgroup for dkv. The importer declares fn store(values, row, column, slopes).

// Element of lse or delta [B*T, H] for a query of the tile.
fn statistic_index(query: u32, head: u32) -> u32 {
    return min(first_query + query, end_query - 1u) * params.heads + head;
}

// Operand 0 is the keys with q, operand 1 the values with dy.
fn left_at(operand: u32, row: u32, e: u32) -> vec4f {
    return key_value_at(operand, row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> vec4f {
    if (operand == 0u) {
        return query_at(row, e);
    }
    return slope_at(row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> vec4f {
    return right_at(operand, row, first_column + column);
}

// Rows of keys (0) or values (1) before `end`.
fn store_block(values: u32, block: Block, end: u32, lane: u32) {
    var rows = block; // to be indexed
    let column = lane % 8u * 4u;
    for (var i = 0u; i < 4u; i++) {
        let row = first_key + lane / 8u * 4u + i;
        if (row < end) {
            store(values, row, column, rows[i * 2u]);
            store(values, row, column + 32u, rows[i * 2u + 1u]);
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let columns = params.width / params.heads;
    size = columns;
    head_start = group.y * size;
    let parts = (columns + 63u) / 64u;
    first_column = group.x % parts * 64u;
    let key = group.x / parts * LEFT; // of the sequence, the workgroup's first
    let keys = vec4u(key + lane / 8u * 4u) + vec4u(0u, 1u, 2u, 3u);
    let reach = min(lengths[group.z], params.keys);
    let batch = group.z / params.sources;
    first_key = group.z * params.keys + key;
    end_key = group.z * params.keys + reach;
    end_query = (batch + 1u) * params.queries;
    let scale = 1.0 / sqrt(f32(columns));
    var dkeys = Block();
    var dvalues = Block();
    // Queries before the keys see none of them; over keys that do not count the gradient is 0.
    let begin = select(0u, key, params.causal != 0u);
    let end = select(0u, params.queries, key < reach);
    for (var query = begin; query < end; query += RIGHT) {
        first_query = batch * params.queries + query;
        var scores = product(0u, columns, lane);
        var slopes = product(1u, columns, lane);
        for (var i = 0u; i < 4u; i++) {
            let own = lane % 8u * 4u + i;
            let place = statistic_index(own, group.y);
            let seen = visible(keys, reach, vec4u(query + own));
            let p = select(vec4f(), exp(scores[i] * scale - lse[place]), seen);
            scores[i] = p;
            slopes[i] = p * (slopes[i] - delta[place]) * scale;
        }
        put(scores, lane);
        accumulate(1u, lane, &dvalues);
        put(slopes, lane);
        accumulate(0u, lane, &dkeys);
    }
    store_block(0u, dkeys, (group.z + 1u) * params.keys, lane);
    store_block(1u, dvalues, (group.z + 1u) * params.keys, lane);
}
