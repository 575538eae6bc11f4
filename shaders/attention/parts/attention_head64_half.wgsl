// attention_head64 with factors in f16: a step of a sum is two places, an even and an odd one,
// which are summed apart in f16 over 16 steps, and these sums in float32.
// import half_pairs

const DEPTH: u32 = 32u; // places of a sum that are taken at once
const GROUP: u32 = 2u; // steps that a thread puts

alias Factor = vec4<f16>;
alias Unit = Pairs;
alias Sums = array<RowSums, 8>;
alias RowSums = array<vec2<f16>, 4>; // columns by even and odd places

fn opened(rows: Rows) -> Sums {
    return Sums();
}

fn closed(sums: Sums, rows: Rows) -> Rows {
    return Rows(
        rows[0] + folded(sums[0]),
        rows[1] + folded(sums[1]),
        rows[2] + folded(sums[2]),
        rows[3] + folded(sums[3]),
        rows[4] + folded(sums[4]),
        rows[5] + folded(sums[5]),
        rows[6] + folded(sums[6]),
        rows[7] + folded(sums[7]),
    );
}

fn folded(sums: RowSums) -> vec4f {
    return vec4f(both(sums[0]), both(sums[1]), both(sums[2]), both(sums[3]));
}

// Adds what 8 rows and 4 columns have in one step.
fn add(first: Unit, second: Unit, columns: Unit, sums: ptr<function, Sums>) {
    (*sums)[0] = add_row(first.first.xy, columns, (*sums)[0]);
    (*sums)[1] = add_row(first.first.zw, columns, (*sums)[1]);
    (*sums)[2] = add_row(first.second.xy, columns, (*sums)[2]);
    (*sums)[3] = add_row(first.second.zw, columns, (*sums)[3]);
    (*sums)[4] = add_row(second.first.xy, columns, (*sums)[4]);
    (*sums)[5] = add_row(second.first.zw, columns, (*sums)[5]);
    (*sums)[6] = add_row(second.second.xy, columns, (*sums)[6]);
    (*sums)[7] = add_row(second.second.zw, columns, (*sums)[7]);
}

fn add_quad(rows: Unit, columns: Unit, sums: ptr<function, Sums>) {
    (*sums)[0] = add_row(rows.first.xy, columns, (*sums)[0]);
    (*sums)[1] = add_row(rows.first.zw, columns, (*sums)[1]);
    (*sums)[2] = add_row(rows.second.xy, columns, (*sums)[2]);
    (*sums)[3] = add_row(rows.second.zw, columns, (*sums)[3]);
}

fn add_row(row: vec2<f16>, columns: Unit, sums: RowSums) -> RowSums {
    return RowSums(
        fma(row, columns.first.xy, sums[0]),
        fma(row, columns.first.zw, sums[1]),
        fma(row, columns.second.xy, sums[2]),
        fma(row, columns.second.zw, sums[3]),
    );
}

// 4 neighbouring columns, from 8 * chunk + thread % 8 quads on, of 4 neighbouring rows.
fn load_left(role: u32, thread: u32, chunk: u32) -> Load {
    let row = thread / 8u * 4u;
    let quad = chunk * 8u + thread % 8u;
    return Load(
        left_at(role, row, quad),
        left_at(role, row + 1u, quad),
        left_at(role, row + 2u, quad),
        left_at(role, row + 3u, quad),
    );
}

fn load_right(values: u32, thread: u32, chunk: u32) -> Load {
    let row = thread / 8u * 4u;
    let quad = chunk * 8u + thread % 8u;
    return Load(
        key_value_at(values, row, quad),
        key_value_at(values, row + 1u, quad),
        key_value_at(values, row + 2u, quad),
        key_value_at(values, row + 3u, quad),
    );
}

fn put_along(base: u32, thread: u32, load: Load) {
    let step = thread % 8u * 2u;
    let place = base + step * QUADS + ((thread / 8u) ^ aside(step));
    memory[place] = even_pairs(load);
    memory[place + QUADS] = odd_pairs(load);
}

// Of 32 rows from `first` on, those of this thread.
fn load_queries(role: u32, thread: u32, first: u32) -> Load {
    let row = first + thread / 16u * 2u;
    return Load(
        left_at(role, row, thread % 16u),
        left_at(role, row + 1u, thread % 16u),
        left_at(role, row + 16u, thread % 16u),
        left_at(role, row + 17u, thread % 16u),
    );
}

fn load_keys(values: u32, thread: u32, first: u32) -> Load {
    let row = first + thread / 16u * 2u;
    return Load(
        key_value_at(values, row, thread % 16u),
        key_value_at(values, row + 1u, thread % 16u),
        key_value_at(values, row + 16u, thread % 16u),
        key_value_at(values, row + 17u, thread % 16u),
    );
}

fn put_across(base: u32, thread: u32, load: Load) {
    memory[base + thread] = paired(load[0], load[1]);
    memory[base + thread + ROLE] = paired(load[2], load[3]);
}

// Whether a thread has rows of a chunk of 32 queries, all first or all second quads, or of keys.
fn has_queries(own: vec2u, chunk: u32) -> bool {
    return true;
}

fn has_keys(own: vec2u, chunk: u32) -> bool {
    return own.y / 8u == chunk;
}

// Where two rows of a thread's quad lie in a chunk [query / 2][key / 4].
fn by_query(base: u32, own: vec2u, i: u32) -> u32 {
    let step = own.x * 2u + i;
    return base + step * QUADS + (own.y ^ apart(step));
}

fn put_by_query(base: u32, chunk: u32, rows: Rows, own: vec2u) {
    if (chunk == 0u) {
        memory[by_query(base, own, 0u)] = paired(vec4<f16>(rows[0]), vec4<f16>(rows[1]));
        memory[by_query(base, own, 1u)] = paired(vec4<f16>(rows[2]), vec4<f16>(rows[3]));
        return;
    }
    memory[by_query(base, own, 0u)] = paired(vec4<f16>(rows[4]), vec4<f16>(rows[5]));
    memory[by_query(base, own, 1u)] = paired(vec4<f16>(rows[6]), vec4<f16>(rows[7]));
}

// `rows` times what another thread of the same quads has put of a chunk; others stay.
fn times_chunk(base: u32, chunk: u32, rows: Rows, own: vec2u) -> Rows {
    let upper = memory[by_query(base, own, 0u)];
    let lower = memory[by_query(base, own, 1u)];
    if (chunk == 0u) {
        return Rows(
            rows[0] * even_row(upper), rows[1] * odd_row(upper),
            rows[2] * even_row(lower), rows[3] * odd_row(lower),
            rows[4], rows[5], rows[6], rows[7],
        );
    }
    return Rows(
        rows[0], rows[1], rows[2], rows[3],
        rows[4] * even_row(upper), rows[5] * odd_row(upper),
        rows[6] * even_row(lower), rows[7] * odd_row(lower),
    );
}

fn even_row(pair: Unit) -> vec4f {
    return vec4f(vec4<f16>(pair.first.xz, pair.second.xz));
}

fn odd_row(pair: Unit) -> vec4f {
    return vec4f(vec4<f16>(pair.first.yw, pair.second.yw));
}

// 8 queries by 4 keys as [key / 2][query / 4] of the chunk that has them.
fn put_by_key(base: u32, rows: Rows, own: vec2u) {
    let step = own.y % 8u * 2u;
    let first = base + step * QUADS + (own.x ^ aside(step));
    let upper = Load(
        vec4<f16>(rows[0]), vec4<f16>(rows[1]), vec4<f16>(rows[2]), vec4<f16>(rows[3]),
    );
    memory[first] = even_pairs(upper);
    memory[first + QUADS] = odd_pairs(upper);
    let second = base + step * QUADS + ((own.x + 8u) ^ aside(step));
    let lower = Load(
        vec4<f16>(rows[4]), vec4<f16>(rows[5]), vec4<f16>(rows[6]), vec4<f16>(rows[7]),
    );
    memory[second] = even_pairs(lower);
    memory[second + QUADS] = odd_pairs(lower);
}
