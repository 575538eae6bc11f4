// Products of attention in tiles of 64 queries by 64 keys, for heads of 64 columns. Each of 128
// threads has 8 rows (two quads of them) by 4 columns of a result. Factors lie in workgroup memory
// by 16 steps of the sum (k) and 16 quads of rows or columns; quads are turned aside, so that
// neighbouring threads write to different banks. Little of it is taken, so that many workgroups
// share a core. Loops over 16 are unrolled in the text, which drivers do not do themselves.
// Types, loads and sums are those of attention_head64_full or attention_head64_half, where a step
// is of one or two places. The importer declares: UNITS, of workgroup memory;
//   fn left_at(role, query, quad) -> Factor, query 0..63 of the tile, quad 0..15 of the head;
//   fn key_value_at(values, key, quad) -> Factor, values: 0 for the keys, 1 for the values.

const ROLE: u32 = 128u; // threads that make a tile
const TILE: u32 = 64u; // queries, keys, columns
const QUADS: u32 = 16u;
const BLOCK: u32 = 256u; // units of 16 steps
const CHUNKS: u32 = TILE / DEPTH; // of a sum over a whole tile

var<workgroup> memory: array<Unit, UNITS>;

alias Rows = array<vec4f, 8>;

// The first of a thread's quads of rows, the second being 8 further, and its quad of columns. 32
// neighbouring threads make 32 x 32 elements, so that what they read together is little.
fn own_quads(thread: u32) -> vec2u {
    let row = (thread / 16u % 2u) * 2u + thread % 2u;
    return vec2u(thread / 32u % 2u * 4u + row, thread / 64u * 8u + thread / 2u % 8u);
}

// A tile's query, or key, of row i of a thread's 8.
fn own_row(own: vec2u, i: u32) -> u32 {
    return (own.x + i / 4u * 8u) * 4u + i % 4u;
}

// How quads of step k are turned where they are put along k.
fn aside(k: u32) -> u32 {
    return k / GROUP % 8u * 2u;
}

// How they are turned where quads of neighbouring k are put together.
fn apart(k: u32) -> u32 {
    return k / GROUP % 2u * 4u;
}

// The left [64, 64] of a role times keys or values [64, 64] turned: 8 queries by 4 keys. Takes two
// blocks of memory from `base` on.
fn product(role: u32, thread: u32, own: vec2u, base: u32) -> Rows {
    var rows = Rows();
    var left = load_left(role, thread, 0u);
    var right = load_right(role, thread, 0u);
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
        workgroupBarrier(); // what lay there may still be read
        put_along(base, thread, left);
        put_along(base + BLOCK, thread, right);
        workgroupBarrier();
        let next = min(chunk + 1u, CHUNKS - 1u); // is loaded meanwhile
        left = load_left(role, thread, next);
        right = load_right(role, thread, next);
        var sums = opened(rows);
        add_along(0u, base, own, &sums);
        add_along(1u, base, own, &sums);
        add_along(2u, base, own, &sums);
        add_along(3u, base, own, &sums);
        add_along(4u, base, own, &sums);
        add_along(5u, base, own, &sums);
        add_along(6u, base, own, &sums);
        add_along(7u, base, own, &sums);
        add_along(8u, base, own, &sums);
        add_along(9u, base, own, &sums);
        add_along(10u, base, own, &sums);
        add_along(11u, base, own, &sums);
        add_along(12u, base, own, &sums);
        add_along(13u, base, own, &sums);
        add_along(14u, base, own, &sums);
        add_along(15u, base, own, &sums);
        rows = closed(sums, rows);
    }
    return rows;
}

fn add_along(k: u32, base: u32, own: vec2u, sums: ptr<function, Sums>) {
    let place = base + k * QUADS;
    let first = memory[place + (own.x ^ aside(k))];
    let second = memory[place + ((own.x + 8u) ^ aside(k))];
    add(first, second, memory[place + BLOCK + (own.y ^ aside(k))], sums);
}
