// dkv. Grid: x 64 keys for each 64 columns of a head, y heads, z batch * sources; 256 threads;
// queries in tiles of 32. Order: products over e upwards, dkv over queries upwards.
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
@group(0) @binding(2) var<storage, read_write> dkv: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> kv: array<f32>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

// Operand 0 is the keys with q, operand 1 the values with dy.
fn left_at(operand: u32, row: u32, e: u32) -> f32 {
    return key_value_at(operand, row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> f32 {
    if (operand == 0u) {
        return query_at(row, e);
    }
    return slope_at(row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> f32 {
    return right_at(operand, row, first_column + column);
}

fn store_block(values: u32, block: Block, end: u32, lane: u32) {
    let row = first_key + lane / 16u * 4u;
    store_row(values, row, block.row0, end, lane);
    store_row(values, row + 1u, block.row1, end, lane);
    store_row(values, row + 2u, block.row2, end, lane);
    store_row(values, row + 3u, block.row3, end, lane);
}

fn store_row(values: u32, row: u32, slopes: vec4f, end: u32, lane: u32) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + lane % 16u * 4u + i;
        if (row < end && e < size) {
            dkv[(row * 2u + values) * params.width + head_start + e] = slopes[i];
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
    let key = group.x / parts * LEFT; // of the sequence, the workgroup's first
    let keys = vec4u(key + lane / 16u * 4u) + vec4u(0u, 1u, 2u, 3u);
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
        let scores = product(0u, columns, lane);
        let slopes = product(1u, columns, lane);
        let own = lane % 16u * 2u;
        let i0 = statistic_index(own, group.y);
        let i1 = statistic_index(own + 1u, group.y);
        let seen0 = visible(keys, reach, vec4u(query + own));
        let seen1 = visible(keys, reach, vec4u(query + own + 1u));
        let p0 = select(vec4f(), exp(scores.first * scale - lse[i0]), seen0);
        let p1 = select(vec4f(), exp(scores.second * scale - lse[i1]), seen1);
        put(Pair(p0, p1), lane);
        dvalues = accumulate(1u, lane, dvalues);
        let ds0 = p0 * (slopes.first - delta[i0]) * scale;
        let ds1 = p1 * (slopes.second - delta[i1]) * scale;
        put(Pair(ds0, ds1), lane);
        dkeys = accumulate(0u, lane, dkeys);
    }
    store_block(0u, dkeys, (group.z + 1u) * params.keys, lane);
    store_block(1u, dvalues, (group.z + 1u) * params.keys, lane);
}
