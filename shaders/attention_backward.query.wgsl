// dq. Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 256 threads; keys in
// tiles of 32. Order: products over e upwards, dq over sources and keys upwards.
// import attention_operands
// import attention_slopes
// import attention_tile

struct Params {
    batch: u32,
    queries: u32,
    sources: u32,
    keys: u32,
    width: u32,
    heads: u32,
    causal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> dq: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> kv: array<f32>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

// Operand 0 is q with the keys, operand 1 dy with the values.
fn left_at(operand: u32, row: u32, e: u32) -> f32 {
    if (operand == 0u) {
        return query_at(row, e);
    }
    return slope_at(row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> f32 {
    return key_value_at(operand, row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> f32 {
    return key_value_at(0u, row, first_column + column);
}

fn store_row(query: u32, values: vec4f, lane: u32) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + lane % 16u * 4u + i;
        if (first_query + query < end_query && e < size) {
            dq[(first_query + query) * params.width + head_start + e] = values[i];
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let columns = params.width / params.heads;
    size = columns;
    head_start = group.y * size;
    let parts = (columns + 63u) / 64u;
    first_column = group.x % parts * 64u;
    let query = group.x / parts * LEFT; // of the sequence, the workgroup's first
    let queries = vec4u(query + lane / 16u * 4u) + vec4u(0u, 1u, 2u, 3u);
    first_query = group.z * params.queries + query;
    end_query = (group.z + 1u) * params.queries;
    let row = lane / 16u * 4u;
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
            let keys = start + lane % 16u * 2u + vec2u(0u, 1u);
            let scores = product(0u, columns, lane);
            let slopes = product(1u, columns, lane);
            let p0 = exp(scores.first * scale - normalizer);
            let p1 = exp(scores.second * scale - normalizer);
            let ds0 = p0 * (slopes.first - along) * scale;
            let ds1 = p1 * (slopes.second - along) * scale;
            let seen0 = visible(vec4u(keys.x), reach, queries);
            let seen1 = visible(vec4u(keys.y), reach, queries);
            put(Pair(select(vec4f(), ds0, seen0), select(vec4f(), ds1, seen1)), lane);
            block = accumulate(0u, lane, block);
        }
    }
    store_row(row, block.row0, lane);
    store_row(row + 1u, block.row1, lane);
    store_row(row + 2u, block.row2, lane);
    store_row(row + 3u, block.row3, lane);
}
