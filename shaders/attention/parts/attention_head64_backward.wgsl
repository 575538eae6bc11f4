// A workgroup for dq and dkv: the threads of its first half, role 0, make P and dV, those
// of its second, role 1, dS and dK, and each half of them half the rows of dq. Blocks of 64 keys go
// over tiles of 64 queries; dq is summed up in memory, always by the same thread.
// import attention_backward_quads

@group(0) @binding(1) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dkv: array<Dkv>;

alias Dkv = vec4f;

const THREADS: u32 = 2u * ROLE;
const STAGED: u32 = 2u * BLOCK; // where rows lie beside chunks of P and dS
const UNITS: u32 = 4u * BLOCK;

// Queries, or their slopes.
fn left_at(role: u32, row: u32, quad: u32) -> Factor {
    let place = query_place(row, quad);
    if (role == 0u) {
        return Factor(q[place]);
    }
    return Factor(dy[place]);
}

// lse (role 0) or delta (role 1) of a query of the tile.
fn statistic(role: u32, row: u32, head: u32) -> f32 {
    let place = min(first_query + row, end_query - 1u) * params.heads + head;
    if (role == 0u) {
        return lse[place];
    }
    return delta[place];
}

// P of 4 keys for a query of the sequence.
fn share(score: vec4f, normalizer: f32, keys: vec4u, reach: u32, query: u32) -> vec4f {
    return select(vec4f(), exp(score - normalizer), visible(keys, reach, vec4u(query)));
}

// Adds queries: P or dS turned, which the roles put chunk by chunk, times their slopes (role 0) or
// the queries (role 1): 8 keys by 4 columns, over queries upwards. Makes role 1's rows dS.
fn add_queries(
    role: u32, thread: u32, own: vec2u, rows: Rows, first: Load, block: ptr<function, Rows>,
) -> Rows {
    var slopes = rows;
    var load = first;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        workgroupBarrier(); // what lay there may still be read
        if (role == 0u && has_queries(own, chunk)) {
            put_by_query(0u, chunk, rows, own);
        }
        workgroupBarrier();
        if (role == 1u && has_queries(own, chunk)) {
            slopes = times_chunk(0u, chunk, slopes, own);
            put_by_query(BLOCK, chunk, slopes, own);
        }
        put_across(STAGED + role * BLOCK, thread, load);
        workgroupBarrier();
        load = load_queries(1u - role, thread, (chunk + 1u) % CHUNKS * DEPTH);
        let tile = role * BLOCK;
        let columns = STAGED + role * BLOCK + own.y;
        var sums = opened(*block);
        for (var k = 0u; k < 16u; k += 8u) {
            add_query(k, tile, columns, own, &sums);
            add_query(k + 1u, tile, columns, own, &sums);
            add_query(k + 2u, tile, columns, own, &sums);
            add_query(k + 3u, tile, columns, own, &sums);
            add_query(k + 4u, tile, columns, own, &sums);
            add_query(k + 5u, tile, columns, own, &sums);
            add_query(k + 6u, tile, columns, own, &sums);
            add_query(k + 7u, tile, columns, own, &sums);
        }
        *block = closed(sums, *block);
    }
    return slopes;
}

fn add_query(k: u32, tile: u32, columns: u32, own: vec2u, sums: ptr<function, Sums>) {
    let place = tile + k * QUADS;
    let first = memory[place + (own.x ^ apart(k))];
    let second = memory[place + ((own.x + 8u) ^ apart(k))];
    add(first, second, memory[columns + k * QUADS], sums);
}

// Adds dS [64, 64], which role 1 has, times the keys to dq, where `more` to what is there: 4
// queries by 4 columns, over keys upwards.
fn add_slopes(role: u32, thread: u32, own: vec2u, rows: Rows, more: bool) {
    let row = first_query + (own.x + role * 8u) * 4u;
    let before = array<vec4f, 4>( // loaded meanwhile
        before_at(row, own.y, more),
        before_at(row + 1u, own.y, more),
        before_at(row + 2u, own.y, more),
        before_at(row + 3u, own.y, more),
    );
    var slopes = Rows();
    var load = load_keys(0u, thread, role * DEPTH);
    for (var chunk = 0u; chunk < CHUNKS; chunk += 2u) {
        workgroupBarrier(); // what lay there may still be read
        if (role == 1u && has_keys(own, chunk)) {
            put_by_key(0u, rows, own);
        }
        if (role == 1u && has_keys(own, chunk + 1u)) {
            put_by_key(BLOCK, rows, own);
        }
        put_across(STAGED + role * BLOCK, thread, load);
        workgroupBarrier();
        load = load_keys(0u, thread, (chunk + 2u + role) % CHUNKS * DEPTH);
        let quad = own.x + role * 8u;
        for (var base = 0u; base < 2u * BLOCK; base += BLOCK) {
            var sums = opened(slopes);
            for (var k = 0u; k < 16u; k += 8u) {
                add_quads(k, base, quad, own.y, &sums);
                add_quads(k + 1u, base, quad, own.y, &sums);
                add_quads(k + 2u, base, quad, own.y, &sums);
                add_quads(k + 3u, base, quad, own.y, &sums);
                add_quads(k + 4u, base, quad, own.y, &sums);
                add_quads(k + 5u, base, quad, own.y, &sums);
                add_quads(k + 6u, base, quad, own.y, &sums);
                add_quads(k + 7u, base, quad, own.y, &sums);
            }
            slopes = closed(sums, slopes);
        }
    }
    store_query(row, own.y, before[0] + slopes[0]);
    store_query(row + 1u, own.y, before[1] + slopes[1]);
    store_query(row + 2u, own.y, before[2] + slopes[2]);
    store_query(row + 3u, own.y, before[3] + slopes[3]);
}

fn before_at(row: u32, quad: u32, more: bool) -> vec4f {
    if (more && row < end_query) {
        return dq[(row * params.width + head_start) / 4u + quad];
    }
    return vec4f();
}

fn add_quads(k: u32, base: u32, quad: u32, column: u32, sums: ptr<function, Sums>) {
    let place = base + k * QUADS;
    add_quad(memory[place + (quad ^ aside(k))], memory[STAGED + place + column], sums);
}

fn store_query(row: u32, quad: u32, values: vec4f) {
    if (row < end_query) {
        dq[(row * params.width + head_start) / 4u + quad] = values;
    }
}

// 8 keys and 4 columns of a block from `key` of a sequence on: of values (role 0) or keys.
fn store_keys(role: u32, own: vec2u, sequence: u32, key: u32, rows: Rows) {
    store_key(role, sequence, key + own_row(own, 0u), own.y, rows[0]);
    store_key(role, sequence, key + own_row(own, 1u), own.y, rows[1]);
    store_key(role, sequence, key + own_row(own, 2u), own.y, rows[2]);
    store_key(role, sequence, key + own_row(own, 3u), own.y, rows[3]);
    store_key(role, sequence, key + own_row(own, 4u), own.y, rows[4]);
    store_key(role, sequence, key + own_row(own, 5u), own.y, rows[5]);
    store_key(role, sequence, key + own_row(own, 6u), own.y, rows[6]);
    store_key(role, sequence, key + own_row(own, 7u), own.y, rows[7]);
}

fn store_key(role: u32, sequence: u32, key: u32, quad: u32, values: vec4f) {
    if (key < params.keys) {
        let row = (sequence * params.keys + key) * 2u + 1u - role;
        dkv[(row * params.width + head_start) / 4u + quad] = Dkv(values);
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    head_start = group.x * 64u;
    let role = lane / ROLE;
    let thread = lane % ROLE;
    let own = own_quads(thread);
    let batch = group.y;
    end_query = (batch + 1u) * params.queries;
    let scale = 0.125; // 1 / sqrt(64)
    var begun = false; // dq has been written
    for (var source = 0u; source < params.sources; source++) {
        let sequence = batch * params.sources + source;
        let reach = min(lengths[sequence], params.keys);
        end_key = sequence * params.keys + reach;
        for (var key = 0u; key < params.keys; key += TILE) {
            first_key = sequence * params.keys + key;
            let keys = vec4u(key + own.y * 4u) + vec4u(0u, 1u, 2u, 3u);
            var block = Rows();
            // Queries before the keys see none of them; over keys that do not count all is 0.
            let begin = select(0u, key, params.causal != 0u);
            let end = select(0u, params.queries, key < reach);
            for (var query = begin; query < end; query += TILE) {
                first_query = batch * params.queries + query;
                let s0 = statistic(role, own_row(own, 0u), group.x);
                let s1 = statistic(role, own_row(own, 1u), group.x);
                let s2 = statistic(role, own_row(own, 2u), group.x);
                let s3 = statistic(role, own_row(own, 3u), group.x);
                let s4 = statistic(role, own_row(own, 4u), group.x);
                let s5 = statistic(role, own_row(own, 5u), group.x);
                let s6 = statistic(role, own_row(own, 6u), group.x);
                let s7 = statistic(role, own_row(own, 7u), group.x);
                var rows = product(role, thread, own, role * 2u * BLOCK);
                let load = load_queries(1u - role, thread, 0u); // arrives meanwhile
                if (role == 0u) {
                    let at = query + own.x * 4u;
                    rows[0] = share(rows[0] * scale, s0, keys, reach, at);
                    rows[1] = share(rows[1] * scale, s1, keys, reach, at + 1u);
                    rows[2] = share(rows[2] * scale, s2, keys, reach, at + 2u);
                    rows[3] = share(rows[3] * scale, s3, keys, reach, at + 3u);
                    rows[4] = share(rows[4] * scale, s4, keys, reach, at + 32u);
                    rows[5] = share(rows[5] * scale, s5, keys, reach, at + 33u);
                    rows[6] = share(rows[6] * scale, s6, keys, reach, at + 34u);
                    rows[7] = share(rows[7] * scale, s7, keys, reach, at + 35u);
                } else {
                    rows[0] = (rows[0] - s0) * scale;
                    rows[1] = (rows[1] - s1) * scale;
                    rows[2] = (rows[2] - s2) * scale;
                    rows[3] = (rows[3] - s3) * scale;
                    rows[4] = (rows[4] - s4) * scale;
                    rows[5] = (rows[5] - s5) * scale;
                    rows[6] = (rows[6] - s6) * scale;
                    rows[7] = (rows[7] - s7) * scale;
                }
                rows = add_queries(role, thread, own, rows, load, &block);
                add_slopes(role, thread, own, rows, begun);
            }
            begun = begun || begin < end;
            store_keys(role, own, sequence, key, block);
        }
    }
    let first = end_query - params.queries + lane / QUADS;
    for (var row = first; row < end_query && !begun; row += THREADS / QUADS) {
        store_query(row, lane % QUADS, vec4f());
    }
}
