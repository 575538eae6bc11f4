// Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 256 threads. One pass over
// the keys in tiles of 32 with a running maximum and sum (Milakov and Gimelshein 2018, Dao et al.
// 2022). Order: products over e upwards; sums over a thread's keys upwards, then over 16 threads.
// import attention_operands
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
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> kv: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;

var<workgroup> row_max: array<vec4f, 16>; // [row / 4]
var<workgroup> row_scale: array<vec4f, 16>;

fn left_at(operand: u32, row: u32, e: u32) -> f32 {
    return query_at(row, e);
}

fn right_at(operand: u32, row: u32, e: u32) -> f32 {
    return key_value_at(0u, row, e);
}

fn column_at(operand: u32, row: u32, column: u32) -> f32 {
    return key_value_at(1u, row, first_column + column);
}

// The scores in the tile into the running maximum of each row; before it the factor of what was
// summed with the old maximum.
fn raise_maximum(scores: Pair, lane: u32) {
    put(scores, lane);
    workgroupBarrier();
    if (lane < 16u) {
        let before = row_max[lane];
        var top = before;
        for (var key = 0u; key < RIGHT; key++) {
            top = max(top, tile[key * 16u + lane]);
        }
        row_max[lane] = top;
        row_scale[lane] = exp(before - top);
    }
    workgroupBarrier();
}

// A row's sum over the 16 threads that share it.
fn row_total(part: vec4f, lane: u32) -> vec4f {
    tile[lane] = part;
    workgroupBarrier();
    var total = vec4f();
    for (var i = 0u; i < 16u; i++) {
        total += tile[lane / 16u * 16u + i];
    }
    return total;
}

fn store_row(query: u32, values: vec4f, lane: u32) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + lane % 16u * 4u + i;
        if (first_query + query < end_query && e < size) {
            y[(first_query + query) * params.width + head_start + e] = values[i];
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
    if (lane < 16u) {
        row_max[lane] = vec4f(LOWEST);
    }
    let scale = 1.0 / sqrt(f32(columns));
    var block = Block();
    var part = vec4f();
    for (var source = 0u; source < params.sources; source++) {
        let row = group.z * params.sources + source;
        var reach = min(lengths[row], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, query + LEFT);
        }
        end_key = row * params.keys + reach;
        for (var start = 0u; start < reach; start += RIGHT) {
            first_key = row * params.keys + start;
            let keys = start + lane % 16u * 2u + vec2u(0u, 1u);
            let seen0 = visible(vec4u(keys.x), reach, queries);
            let seen1 = visible(vec4u(keys.y), reach, queries);
            var scores = product(0u, columns, lane);
            scores.first = select(vec4f(LOWEST), scores.first * scale, seen0);
            scores.second = select(vec4f(LOWEST), scores.second * scale, seen1);
            raise_maximum(scores, lane);
            let top = row_max[lane / 16u];
            let shrink = row_scale[lane / 16u];
            let p0 = select(vec4f(), exp(scores.first - top), seen0);
            let p1 = select(vec4f(), exp(scores.second - top), seen1);
            part = part * shrink + p0 + p1;
            block.row0 *= shrink.x;
            block.row1 *= shrink.y;
            block.row2 *= shrink.z;
            block.row3 *= shrink.w;
            put(Pair(p0, p1), lane);
            block = accumulate(0u, lane, block);
        }
    }
    let total = row_total(part, lane);
    let share = select(1.0 / total, vec4f(), total == vec4f()); // no keys: 0
    let row = lane / 16u * 4u;
    store_row(row, block.row0 * share.x, lane);
    store_row(row + 1u, block.row1 * share.y, lane);
    store_row(row + 2u, block.row2 * share.z, lane);
    store_row(row + 3u, block.row3 * share.w, lane);
    let i = lane % 16u;
    if (first_column == 0u && i < 4u && first_query + row + i < end_query) {
        let sum = total[i];
        lse[(first_query + row + i) * params.heads + group.y] =
            select(row_max[lane / 16u][i] + log(sum), 0.0, sum == 0.0);
    }
}
