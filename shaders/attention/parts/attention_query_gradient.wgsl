// A workgroup for dq. The importer declares fn store(query, column, values).

// Element of lse or delta [B*T, H] for a query of the tile.
fn statistic_index(query: u32, head: u32) -> u32 {
    return min(first_query + query, end_query - 1u) * params.heads + head;
}

// Operand 0 is q with the keys, operand 1 dy with the values.
fn left_at(operand: u32, row: u32, e: u32) -> vec4f {
    if (operand == 0u) {
        return query_at(row, e);
    }
    return slope_at(row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> vec4f {
    return key_value_at(operand, row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> vec4f {
    return key_value_at(0u, row, first_column + column);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let columns = params.width / params.heads;
    size = columns;
    head_start = group.y * size;
    let pieces = (columns + 63u) / 64u;
    first_column = group.x % pieces * 64u;
    let query = group.x / pieces * LEFT; // of the sequence, the workgroup's first
    let queries = vec4u(query + lane / 8u * 4u) + vec4u(0u, 1u, 2u, 3u);
    first_query = group.z * params.queries + query;
    end_query = (group.z + 1u) * params.queries;
    let row = lane / 8u * 4u;
    var normalizer = vec4f();
    var along = vec4f();
    for (var i = 0u; i < 4u; i++) {
        normalizer[i] = lse[statistic_index(row + i, group.y)];
        along[i] = delta[statistic_index(row + i, group.y)];
    }
    let scale = 1.0 / sqrt(f32(columns));
    var block = Block();
    for (var source = 0u; source < params.sources; source++) {
        let sequence = group.z * params.sources + source;
        var reach = min(lengths[sequence], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, query + LEFT);
        }
        end_key = sequence * params.keys + reach;
        for (var start = 0u; start < reach; start += RIGHT) {
            first_key = sequence * params.keys + start;
            let key = start + lane % 8u * 4u;
            let scores = product(0u, columns, lane);
            let slopes = product(1u, columns, lane);
            var parts = Scores();
            for (var i = 0u; i < 4u; i++) {
                let p = exp(scores[i] * scale - normalizer);
                let ds = p * (slopes[i] - along) * scale;
                parts[i] = select(vec4f(), ds, visible(vec4u(key + i), reach, queries));
            }
            put(parts, lane);
            accumulate(0u, lane, &block);
        }
    }
    let column = lane % 8u * 4u;
    for (var i = 0u; i < 4u; i++) {
        store(row + i, column, block[i * 2u]);
        store(row + i, column + 32u, block[i * 2u + 1u]);
    }
}
