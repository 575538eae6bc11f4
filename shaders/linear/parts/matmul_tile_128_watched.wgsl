// C [M, N] = A [M, K] B [K, N]: a workgroup makes 128 x 128 or 128 x 64 elements, a thread 8 x 8.
// An element is one chain of fused multiply-adds over k upwards, as in matmul_tile: equal bits.
// The next tiles are loaded while these are multiplied; k is unrolled in the text, which drivers
// do not do themselves. K, and what neighbours in memory run along, must be a multiple of 16 and 4.
// The importer declares: COLUMNS, 128 or 64, and has 2 * COLUMNS threads;
//   A_ALONG_K and B_ALONG_K, true where neighbours in memory differ in k;
//   fn a_at(row, k) -> vec4f and fn b_at(k, column) -> vec4f, 4 neighbours in memory from there on,
//   called inside the matrices only; what store_rows asks for;
//   fn watch_b(values), called with all that a thread puts into B's tiles: once, k upwards.
// import store_rows

const ROWS: u32 = 128u;
const DEPTH: u32 = 16u;
const THREADS: u32 = 2u * COLUMNS;
const A_QUADS: u32 = ROWS / 4u;
const B_QUADS: u32 = COLUMNS / 4u;

var<workgroup> a_tile: array<vec4f, DEPTH * A_QUADS>; // [k][row / 4], rows along k swizzled
var<workgroup> b_tile: array<vec4f, DEPTH * B_QUADS>; // [k][column / 4], likewise

// Sums over k from begin to end, both multiples of 16.
fn multiply(group: vec2u, lane: u32, rows: u32, columns: u32, begin: u32, end: u32) {
    let first = vec2u(group.y, group.x) * vec2u(ROWS, COLUMNS);
    let own = own_quads(lane);
    var c = array<vec4f, 16>(); // [row][half of the columns]
    var a0 = load_a(lane, first.x, begin, rows);
    var a1 = load_a(lane + THREADS, first.x, begin, rows);
    var a2 = vec4f();
    var a3 = vec4f();
    if (THREADS == 128u) {
        a2 = load_a(lane + 256u, first.x, begin, rows);
        a3 = load_a(lane + 384u, first.x, begin, rows);
    }
    var b0 = load_b(lane, first.y, begin, columns);
    var b1 = load_b(lane + THREADS, first.y, begin, columns);
    for (var start = begin; start < end; start += DEPTH) {
        workgroupBarrier(); // the tiles before these may still be read
        put_a(lane, a0);
        put_a(lane + THREADS, a1);
        if (THREADS == 128u) {
            put_a(lane + 256u, a2);
            put_a(lane + 384u, a3);
        }
        put_b(lane, b0);
        put_b(lane + THREADS, b1);
        watch_b(b0);
        watch_b(b1);
        workgroupBarrier();
        let next = min(start + DEPTH, end - DEPTH);
        a0 = load_a(lane, first.x, next, rows);
        a1 = load_a(lane + THREADS, first.x, next, rows);
        if (THREADS == 128u) {
            a2 = load_a(lane + 256u, first.x, next, rows);
            a3 = load_a(lane + 384u, first.x, next, rows);
        }
        b0 = load_b(lane, first.y, next, columns);
        b1 = load_b(lane + THREADS, first.y, next, columns);
        add_products(0u, own, &c);
        add_products(1u, own, &c);
        add_products(2u, own, &c);
        add_products(3u, own, &c);
        add_products(4u, own, &c);
        add_products(5u, own, &c);
        add_products(6u, own, &c);
        add_products(7u, own, &c);
        add_products(8u, own, &c);
        add_products(9u, own, &c);
        add_products(10u, own, &c);
        add_products(11u, own, &c);
        add_products(12u, own, &c);
        add_products(13u, own, &c);
        add_products(14u, own, &c);
        add_products(15u, own, &c);
    }
    let extent = vec2u(rows, columns);
    for (var i = 0u; i < 8u; i += 2u) {
        var both_rows = array<Pair, 2>(Pair(c[0], c[1]), Pair(c[2], c[3]));
        switch (i) { // an index that is no constant would put the sums into memory
            case 2u: { both_rows = array<Pair, 2>(Pair(c[4], c[5]), Pair(c[6], c[7])); }
            case 4u: { both_rows = array<Pair, 2>(Pair(c[8], c[9]), Pair(c[10], c[11])); }
            case 6u: { both_rows = array<Pair, 2>(Pair(c[12], c[13]), Pair(c[14], c[15])); }
            default: {}
        }
        store_rows(first + own * 4u + vec2u(i / 4u * 16u + i % 4u, 0u), extent, both_rows);
    }
}

// The first of a thread's quads of rows and of columns; the second are 4 and 8 quads further. 32
// neighbouring threads make 32 x 64 elements, so that what they read together is little.
fn own_quads(lane: u32) -> vec2u {
    let unit = lane / 32u;
    let row = (lane / 16u % 2u) * 2u + lane % 2u;
    let across = COLUMNS / 64u; // such units side by side
    return vec2u(unit / across * 8u + row, unit % across * 16u + lane / 2u % 8u);
}

// Turns quads of one k aside, so that neighbouring threads put rows along k into different banks.
fn swizzle(k: u32, along_k: bool) -> u32 {
    return select(0u, k / 4u * 2u, along_k);
}

fn add_products(k: u32, own: vec2u, c: ptr<function, array<vec4f, 16>>) {
    let a0 = a_tile[k * A_QUADS + (own.x ^ swizzle(k, A_ALONG_K))];
    let a1 = a_tile[k * A_QUADS + ((own.x + 4u) ^ swizzle(k, A_ALONG_K))];
    let b0 = b_tile[k * B_QUADS + (own.y ^ swizzle(k, B_ALONG_K))];
    let b1 = b_tile[k * B_QUADS + ((own.y + 8u) ^ swizzle(k, B_ALONG_K))];
    (*c)[0] = fma(vec4f(a0.x), b0, (*c)[0]);
    (*c)[1] = fma(vec4f(a0.x), b1, (*c)[1]);
    (*c)[2] = fma(vec4f(a0.y), b0, (*c)[2]);
    (*c)[3] = fma(vec4f(a0.y), b1, (*c)[3]);
    (*c)[4] = fma(vec4f(a0.z), b0, (*c)[4]);
    (*c)[5] = fma(vec4f(a0.z), b1, (*c)[5]);
    (*c)[6] = fma(vec4f(a0.w), b0, (*c)[6]);
    (*c)[7] = fma(vec4f(a0.w), b1, (*c)[7]);
    (*c)[8] = fma(vec4f(a1.x), b0, (*c)[8]);
    (*c)[9] = fma(vec4f(a1.x), b1, (*c)[9]);
    (*c)[10] = fma(vec4f(a1.y), b0, (*c)[10]);
    (*c)[11] = fma(vec4f(a1.y), b1, (*c)[11]);
    (*c)[12] = fma(vec4f(a1.z), b0, (*c)[12]);
    (*c)[13] = fma(vec4f(a1.z), b1, (*c)[13]);
    (*c)[14] = fma(vec4f(a1.w), b0, (*c)[14]);
    (*c)[15] = fma(vec4f(a1.w), b1, (*c)[15]);
}

// Where unit i of 4 neighbours lies in a tile: (k, row or column).
fn unit_place(i: u32, quads: u32, along_k: bool) -> vec2u {
    return select(vec2u(i / quads, i % quads * 4u), vec2u(i % 4u * 4u, i / 4u), along_k);
}

// Rows behind the last are read as the last ones: what comes of them is not stored.
fn load_a(i: u32, first_row: u32, start: u32, rows: u32) -> vec4f {
    let place = unit_place(i, A_QUADS, A_ALONG_K);
    let last = rows - select(4u, 1u, A_ALONG_K);
    return a_at(min(first_row + place.y, last), start + place.x);
}

fn load_b(i: u32, first_column: u32, start: u32, columns: u32) -> vec4f {
    let place = unit_place(i, B_QUADS, B_ALONG_K);
    let last = columns - select(4u, 1u, B_ALONG_K);
    return b_at(start + place.x, min(first_column + place.y, last));
}

fn put_a(i: u32, values: vec4f) {
    if (!A_ALONG_K) {
        a_tile[i] = values;
        return;
    }
    let quad = i % 4u * (4u * A_QUADS) + ((i / 16u) ^ (i % 4u * 2u));
    let row = i / 4u % 4u;
    a_tile[quad][row] = values.x;
    a_tile[quad + A_QUADS][row] = values.y;
    a_tile[quad + 2u * A_QUADS][row] = values.z;
    a_tile[quad + 3u * A_QUADS][row] = values.w;
}

fn put_b(i: u32, values: vec4f) {
    if (!B_ALONG_K) {
        b_tile[i] = values;
        return;
    }
    let quad = i % 4u * (4u * B_QUADS) + ((i / 16u) ^ (i % 4u * 2u));
    let column = i / 4u % 4u;
    b_tile[quad][column] = values.x;
    b_tile[quad + B_QUADS][column] = values.y;
    b_tile[quad + 2u * B_QUADS][column] = values.z;
    b_tile[quad + 3u * B_QUADS][column] = values.w;
}
