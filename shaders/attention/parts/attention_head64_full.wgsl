// attention_head64 in float32: a step of a sum is one place, and a sum one chain of fused
// multiply-adds.

const DEPTH: u32 = 16u; // places of a sum that are taken at once
const GROUP: u32 = 4u; // steps that a thread puts

alias Factor = vec4f;
alias Unit = vec4f; // 4 rows, or columns
alias Sums = Rows;
alias Load = array<vec4f, 2>;

fn opened(rows: Rows) -> Sums {
    return rows;
}

fn closed(sums: Sums, rows: Rows) -> Rows {
    return sums;
}

// Adds what 8 rows and 4 columns have in one step.
fn add(first: Unit, second: Unit, columns: Unit, sums: ptr<function, Sums>) {
    (*sums)[0] = fma(vec4f(first.x), columns, (*sums)[0]);
    (*sums)[1] = fma(vec4f(first.y), columns, (*sums)[1]);
    (*sums)[2] = fma(vec4f(first.z), columns, (*sums)[2]);
    (*sums)[3] = fma(vec4f(first.w), columns, (*sums)[3]);
    (*sums)[4] = fma(vec4f(second.x), columns, (*sums)[4]);
    (*sums)[5] = fma(vec4f(second.y), columns, (*sums)[5]);
    (*sums)[6] = fma(vec4f(second.z), columns, (*sums)[6]);
    (*sums)[7] = fma(vec4f(second.w), columns, (*sums)[7]);
}

fn add_quad(rows: Unit, columns: Unit, sums: ptr<function, Sums>) {
    (*sums)[0] = fma(vec4f(rows.x), columns, (*sums)[0]);
    (*sums)[1] = fma(vec4f(rows.y), columns, (*sums)[1]);
    (*sums)[2] = fma(vec4f(rows.z), columns, (*sums)[2]);
    (*sums)[3] = fma(vec4f(rows.w), columns, (*sums)[3]);
}

// 4 neighbouring columns, from 4 * chunk + thread % 4 quads on, of two rows.
fn load_left(role: u32, thread: u32, chunk: u32) -> Load {
    let quad = chunk * 4u + thread % 4u;
    return Load(
        left_at(role, thread / 4u, quad), left_at(role, thread / 4u + 32u, quad),
    );
}

fn load_right(values: u32, thread: u32, chunk: u32) -> Load {
    let quad = chunk * 4u + thread % 4u;
    return Load(
        key_value_at(values, thread / 4u, quad), key_value_at(values, thread / 4u + 32u, quad),
    );
}

fn put_along(base: u32, thread: u32, load: Load) {
    let row = thread / 4u;
    let place = base + thread % 4u * 4u * QUADS;
    let first = place + ((row / 4u) ^ (thread % 4u * 2u));
    memory[first][row % 4u] = load[0].x;
    memory[first + QUADS][row % 4u] = load[0].y;
    memory[first + 2u * QUADS][row % 4u] = load[0].z;
    memory[first + 3u * QUADS][row % 4u] = load[0].w;
    let second = place + ((row / 4u + 8u) ^ (thread % 4u * 2u));
    memory[second][row % 4u] = load[1].x;
    memory[second + QUADS][row % 4u] = load[1].y;
    memory[second + 2u * QUADS][row % 4u] = load[1].z;
    memory[second + 3u * QUADS][row % 4u] = load[1].w;
}

// Of 16 rows from `first` on, those of this thread.
fn load_queries(role: u32, thread: u32, first: u32) -> Load {
    let row = first + thread / 16u;
    return Load(left_at(role, row, thread % 16u), left_at(role, row + 8u, thread % 16u));
}

fn load_keys(values: u32, thread: u32, first: u32) -> Load {
    let row = first + thread / 16u;
    return Load(
        key_value_at(values, row, thread % 16u), key_value_at(values, row + 8u, thread % 16u),
    );
}

fn put_across(base: u32, thread: u32, load: Load) {
    memory[base + thread] = load[0];
    memory[base + thread + ROLE] = load[1];
}

// Whether a thread has rows of a chunk of 16 queries, 4 of its quads 8 apart, or of keys.
fn has_queries(own: vec2u, chunk: u32) -> bool {
    return own.x / 4u == chunk % 2u;
}

fn has_keys(own: vec2u, chunk: u32) -> bool {
    return own.y / 4u == chunk;
}

// Where row i of a thread's quad lies in a chunk [query][key / 4].
fn by_query(base: u32, own: vec2u, i: u32) -> u32 {
    let row = own.x % 4u * 4u + i;
    return base + row * QUADS + (own.y ^ apart(row));
}

fn put_by_query(base: u32, chunk: u32, rows: Rows, own: vec2u) {
    let second = chunk >= 2u;
    memory[by_query(base, own, 0u)] = select(rows[0], rows[4], second);
    memory[by_query(base, own, 1u)] = select(rows[1], rows[5], second);
    memory[by_query(base, own, 2u)] = select(rows[2], rows[6], second);
    memory[by_query(base, own, 3u)] = select(rows[3], rows[7], second);
}

// `rows` times what another thread of the same quads has put of a chunk; others stay.
fn times_chunk(base: u32, chunk: u32, rows: Rows, own: vec2u) -> Rows {
    let p0 = memory[by_query(base, own, 0u)];
    let p1 = memory[by_query(base, own, 1u)];
    let p2 = memory[by_query(base, own, 2u)];
    let p3 = memory[by_query(base, own, 3u)];
    if (chunk < 2u) {
        return Rows(
            rows[0] * p0, rows[1] * p1, rows[2] * p2, rows[3] * p3,
            rows[4], rows[5], rows[6], rows[7],
        );
    }
    return Rows(
        rows[0], rows[1], rows[2], rows[3],
        rows[4] * p0, rows[5] * p1, rows[6] * p2, rows[7] * p3,
    );
}

// 8 queries by 4 keys as [key][query / 4] of the chunk that has them.
fn put_by_key(base: u32, rows: Rows, own: vec2u) {
    let step = own.y % 4u * 4u;
    let first = base + step * QUADS + (own.x ^ aside(step));
    memory[first] = vec4f(rows[0].x, rows[1].x, rows[2].x, rows[3].x);
    memory[first + QUADS] = vec4f(rows[0].y, rows[1].y, rows[2].y, rows[3].y);
    memory[first + 2u * QUADS] = vec4f(rows[0].z, rows[1].z, rows[2].z, rows[3].z);
    memory[first + 3u * QUADS] = vec4f(rows[0].w, rows[1].w, rows[2].w, rows[3].w);
    let second = base + step * QUADS + ((own.x + 8u) ^ aside(step));
    memory[second] = vec4f(rows[4].x, rows[5].x, rows[6].x, rows[7].x);
    memory[second + QUADS] = vec4f(rows[4].y, rows[5].y, rows[6].y, rows[7].y);
    memory[second + 2u * QUADS] = vec4f(rows[4].z, rows[5].z, rows[6].z, rows[7].z);
    memory[second + 3u * QUADS] = vec4f(rows[4].w, rows[5].w, rows[6].w, rows[7].w);
}
