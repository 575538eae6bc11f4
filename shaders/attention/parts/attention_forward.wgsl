// A workgroup of attention. The importer declares fn store(query, column, values).

fn left_at(operand: u32, row: u32, e: u32) -> vec4f {
    return query_at(row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> vec4f {
    return key_value_at(0u, row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> vec4f {
    return key_value_at(1u, row, first_column + column);
}

// Largest scores of 4 rows, of the 8 threads that share them; the tile is free before and after.
fn row_maximum(part: vec4f, lane: u32) -> vec4f {
    tile[lane % 8u * STRIDE + lane / 8u] = part;
    workgroupBarrier();
    var top = part;
    for (var i = 0u; i < 8u; i++) {
        top = max(top, tile[i * STRIDE + lane / 8u]);
    }
    workgroupBarrier();
    return top;
}

// Sums of 4 rows over the same 8 threads.
fn row_total(part: vec4f, lane: u32) -> vec4f {
    tile[lane % 8u * STRIDE + lane / 8u] = part;
    workgroupBarrier();
    var total = vec4f();
    for (var i = 0u; i < 8u; i++) {
        total += tile[i * STRIDE + lane / 8u];
    }
    return total;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let columns = params.width / params.heads;
    size = columns;
    head_start = group.y * size;
    let parts = (columns + 63u) / 64u;
    first_column = group.x % parts * 64u;
    let query = group.x / parts * LEFT; // of the sequence, the workgroup's first
    let queries = vec4u(query + lane / 8u * 4u) + vec4u(0u, 1u, 2u, 3u);
    first_query = group.z * params.queries + query;
    end_query = (group.z + 1u) * params.queries;
    let scale = 1.0 / sqrt(f32(columns));
    var block = Block();
    var part = vec4f();
    var top = vec4f(LOWEST);
    for (var source = 0u; source < params.sources; source++) {
        let row = group.z * params.sources + source;
        var reach = min(lengths[row], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, query + LEFT);
        }
        end_key = row * params.keys + reach;
        for (var start = 0u; start < reach; start += RIGHT) {
            first_key = row * params.keys + start;
            let key = start + lane % 8u * 4u;
            let seen0 = visible(vec4u(key), reach, queries);
            let seen1 = visible(vec4u(key + 1u), reach, queries);
            let seen2 = visible(vec4u(key + 2u), reach, queries);
            let seen3 = visible(vec4u(key + 3u), reach, queries);
            var scores = product(0u, columns, lane);
            scores[0] = select(vec4f(LOWEST), scores[0] * scale, seen0);
            scores[1] = select(vec4f(LOWEST), scores[1] * scale, seen1);
            scores[2] = select(vec4f(LOWEST), scores[2] * scale, seen2);
            scores[3] = select(vec4f(LOWEST), scores[3] * scale, seen3);
            let here = max(max(scores[0], scores[1]), max(scores[2], scores[3]));
            let before = top;
            top = max(top, row_maximum(here, lane));
            scores[0] = select(vec4f(), exp(scores[0] - top), seen0);
            scores[1] = select(vec4f(), exp(scores[1] - top), seen1);
            scores[2] = select(vec4f(), exp(scores[2] - top), seen2);
            scores[3] = select(vec4f(), exp(scores[3] - top), seen3);
            put(scores, lane);
            let shrink = exp(before - top); // what was summed with the old maximum
            part = part * shrink + scores[0] + scores[1] + scores[2] + scores[3];
            block[0] *= shrink.x;
            block[1] *= shrink.x;
            block[2] *= shrink.y;
            block[3] *= shrink.y;
            block[4] *= shrink.z;
            block[5] *= shrink.z;
            block[6] *= shrink.w;
            block[7] *= shrink.w;
            accumulate(0u, lane, &block);
        }
    }
    let total = row_total(part, lane);
    let share = select(1.0 / total, vec4f(), total == vec4f()); // no keys: 0
    let row = lane / 8u * 4u;
    let column = lane % 8u * 4u;
    for (var i = 0u; i < 4u; i++) {
        store(row + i, column, block[i * 2u] * share[i]);
        store(row + i, column + 32u, block[i * 2u + 1u] * share[i]);
    }
    let i = lane % 8u;
    if (first_column == 0u && i < 4u && first_query + row + i < end_query) {
        let sum = total[i];
        lse[(first_query + row + i) * params.heads + group.y] =
            select(top[i] + log(sum), 0.0, sum == 0.0);
    }
}
