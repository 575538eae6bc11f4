// A workgroup of attention, on tiles of 64 queries by 64 keys. The importer declares
// what 16 units of threads show each other of every query, where factors lay or beside them:
//   fn put_share(unit, query / 4, values)   fn share_of(unit, query) -> f32
// import quad_folds

const UNITS: u32 = 2u * BLOCK; // a chunk of powers and one of values

var<workgroup> tops: array<vec4f, QUADS>; // of the queries, the largest scores so far

fn left_at(role: u32, row: u32, quad: u32) -> Factor {
    return Factor(q[query_place(row, quad)]);
}

fn masked(score: vec4f, keys: vec4u, reach: u32, query: u32) -> vec4f {
    return select(vec4f(LOWEST), score, visible(keys, reach, vec4u(query)));
}

fn power(score: vec4f, top: f32) -> vec4f {
    return select(exp(score - top), vec4f(), score == vec4f(LOWEST)); // NaN stays
}

// The largest of what was and what 16 threads have put of a query.
fn top_of(query: u32) -> f32 {
    var top = tops[query / 4u][query % 4u];
    for (var unit = 0u; unit < 16u; unit++) {
        top = max(top, share_of(unit, query));
    }
    return top;
}

fn sum_of(query: u32) -> f32 {
    var sum = 0.0;
    for (var unit = 0u; unit < 16u; unit++) {
        sum += share_of(unit, query);
    }
    return sum;
}

// Adds powers [64, 64] of the tile times the values: 8 queries by 4 columns, over keys upwards.
fn add_values(
    thread: u32, own: vec2u, rows: Rows, first: Load, block: ptr<function, Rows>,
) {
    var load = first;
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        workgroupBarrier(); // what lay there may still be read
        if (has_keys(own, chunk)) {
            put_by_key(0u, rows, own);
        }
        put_across(BLOCK, thread, load);
        workgroupBarrier();
        load = load_keys(1u, thread, (chunk + 1u) % CHUNKS * DEPTH);
        var sums = opened(*block);
        add_key(0u, own, &sums);
        add_key(1u, own, &sums);
        add_key(2u, own, &sums);
        add_key(3u, own, &sums);
        add_key(4u, own, &sums);
        add_key(5u, own, &sums);
        add_key(6u, own, &sums);
        add_key(7u, own, &sums);
        add_key(8u, own, &sums);
        add_key(9u, own, &sums);
        add_key(10u, own, &sums);
        add_key(11u, own, &sums);
        add_key(12u, own, &sums);
        add_key(13u, own, &sums);
        add_key(14u, own, &sums);
        add_key(15u, own, &sums);
        *block = closed(sums, *block);
    }
}

fn add_key(k: u32, own: vec2u, sums: ptr<function, Sums>) {
    let place = k * QUADS;
    let first = memory[place + (own.x ^ aside(k))];
    let second = memory[place + ((own.x + 8u) ^ aside(k))];
    add(first, second, memory[BLOCK + place + own.y], sums);
}

@compute @workgroup_size(ROLE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    head_start = group.y * 64u;
    let own = own_quads(lane);
    let query = group.x * TILE; // of the sequence, the workgroup's first
    first_query = group.z * params.queries + query;
    end_query = (group.z + 1u) * params.queries;
    let scale = 0.125; // 1 / sqrt(64)
    var block = Rows();
    var part0 = vec4f(); // sums of the powers that this thread made, of its first 4 queries
    var part1 = vec4f();
    var top0 = vec4f(LOWEST);
    var top1 = vec4f(LOWEST);
    if (lane < QUADS) {
        tops[lane] = vec4f(LOWEST);
    }
    for (var source = 0u; source < params.sources; source++) {
        let sequence = group.z * params.sources + source;
        var reach = min(lengths[sequence], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, query + TILE);
        }
        end_key = sequence * params.keys + reach;
        for (var start = 0u; start < reach; start += TILE) {
            first_key = sequence * params.keys + start;
            let keys = vec4u(start + own.y * 4u) + vec4u(0u, 1u, 2u, 3u);
            let at = query + own.x * 4u;
            var rows = product(0u, lane, own, 0u);
            let values = load_keys(1u, lane, 0u); // arrive meanwhile
            rows[0] = masked(rows[0] * scale, keys, reach, at);
            rows[1] = masked(rows[1] * scale, keys, reach, at + 1u);
            rows[2] = masked(rows[2] * scale, keys, reach, at + 2u);
            rows[3] = masked(rows[3] * scale, keys, reach, at + 3u);
            rows[4] = masked(rows[4] * scale, keys, reach, at + 32u);
            rows[5] = masked(rows[5] * scale, keys, reach, at + 33u);
            rows[6] = masked(rows[6] * scale, keys, reach, at + 34u);
            rows[7] = masked(rows[7] * scale, keys, reach, at + 35u);
            workgroupBarrier(); // what was multiplied may still be read
            put_share(own.y, own.x, maxima_of_quads(rows[0], rows[1], rows[2], rows[3]));
            put_share(own.y, own.x + 8u, maxima_of_quads(rows[4], rows[5], rows[6], rows[7]));
            workgroupBarrier();
            if (lane < TILE) {
                tops[lane / 4u][lane % 4u] = top_of(lane);
            }
            workgroupBarrier();
            let before0 = top0;
            let before1 = top1;
            top0 = tops[own.x];
            top1 = tops[own.x + 8u];
            rows[0] = power(rows[0], top0.x);
            rows[1] = power(rows[1], top0.y);
            rows[2] = power(rows[2], top0.z);
            rows[3] = power(rows[3], top0.w);
            rows[4] = power(rows[4], top1.x);
            rows[5] = power(rows[5], top1.y);
            rows[6] = power(rows[6], top1.z);
            rows[7] = power(rows[7], top1.w);
            let shrink0 = exp(before0 - top0); // what was summed with the old maximum
            let shrink1 = exp(before1 - top1);
            part0 = part0 * shrink0 + sums_of_quads(rows[0], rows[1], rows[2], rows[3]);
            part1 = part1 * shrink1 + sums_of_quads(rows[4], rows[5], rows[6], rows[7]);
            block[0] *= shrink0.x;
            block[1] *= shrink0.y;
            block[2] *= shrink0.z;
            block[3] *= shrink0.w;
            block[4] *= shrink1.x;
            block[5] *= shrink1.y;
            block[6] *= shrink1.z;
            block[7] *= shrink1.w;
            add_values(lane, own, rows, values, &block);
        }
    }
    workgroupBarrier(); // tiles may still be read
    put_share(own.y, own.x, part0);
    put_share(own.y, own.x + 8u, part1);
    workgroupBarrier();
    if (lane < TILE) {
        let sum = sum_of(lane);
        let top = tops[lane / 4u][lane % 4u];
        tops[lane / 4u][lane % 4u] = select(1.0 / sum, 0.0, sum == 0.0); // no keys: 0
        if (first_query + lane < end_query) {
            lse[(first_query + lane) * params.heads + group.y] =
                select(top + log(sum), 0.0, sum == 0.0);
        }
    }
    workgroupBarrier();
    let share0 = tops[own.x];
    let share1 = tops[own.x + 8u];
    store(first_query + own_row(own, 0u), own.y, block[0] * share0.x);
    store(first_query + own_row(own, 1u), own.y, block[1] * share0.y);
    store(first_query + own_row(own, 2u), own.y, block[2] * share0.z);
    store(first_query + own_row(own, 3u), own.y, block[3] * share0.w);
    store(first_query + own_row(own, 4u), own.y, block[4] * share1.x);
    store(first_query + own_row(own, 5u), own.y, block[5] * share1.y);
    store(first_query + own_row(own, 6u), own.y, block[6] * share1.z);
    store(first_query + own_row(own, 7u), own.y, block[7] * share1.w);
}

fn store(row: u32, quad: u32, values: vec4f) {
    if (row < end_query) {
        y[(row * params.width + head_start) / 4u + quad] = Y(values);
    }
}
