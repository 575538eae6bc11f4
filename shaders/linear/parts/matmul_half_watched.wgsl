// C [M, N] = A [M, K] B [K, N] of f16 factors: a workgroup of 128 threads makes 64 x 128 elements,
// a thread 8 x 8. Sums are of pairs, of even and of odd k, in f16 over 64 k, and these in f32: the
// order depends on k alone, and the error stays below 1e-3 of the largest element.
// The next tiles are loaded while these are multiplied; k is unrolled in the text, which drivers
// do not do themselves. K must be a multiple of 32, and what neighbours in memory run along of 4.
// The importer declares: A_ALONG_K, true where neighbours of A in memory differ in k, as those of
//   B never do;
//   fn a_at(row, k) -> vec4<f16> and fn b_at(k, column) -> vec4<f16>, 4 neighbours in memory from
//   there on, called inside the matrices only; what store_rows asks for;
//   fn watch_b(load), called with all that a thread puts into B's tiles: once, k upwards.
// import half_pairs
// import store_rows

const ROWS: u32 = 64u;
const COLUMNS: u32 = 128u;
const DEPTH: u32 = 32u; // of a tile
const STEP: u32 = 2u * DEPTH; // k that are summed up in f16
const THREADS: u32 = 128u;
const A_QUADS: u32 = ROWS / 4u;
const B_QUADS: u32 = COLUMNS / 4u;

alias HalfSums = array<vec2<f16>, 8>; // of a row: columns by even and odd k

var<workgroup> a_tile: array<Pairs, DEPTH / 2u * A_QUADS>; // [k / 2][row / 4]
var<workgroup> b_tile: array<Pairs, DEPTH / 2u * B_QUADS>; // [k / 2][column / 4]

// The part of the next tiles that a thread has loaded.
struct Loads {
    a: Load,
    b: array<Load, 2>, // the halves of B's tile
}

// Sums over k from begin to end, both multiples of DEPTH.
fn multiply(group: vec2u, lane: u32, rows: u32, columns: u32, begin: u32, end: u32) {
    let first = vec2u(group.y, group.x) * vec2u(ROWS, COLUMNS);
    let extent = vec2u(rows, columns);
    let own = own_quads(lane);
    var c = array<Pair, 8>();
    var h = array<HalfSums, 8>();
    var loads = load_tiles(lane, first, begin, extent);
    for (var start = begin; start < end; start += STEP) {
        for (var tile = start; tile < min(start + STEP, end); tile += DEPTH) {
            put_tiles(lane, loads);
            loads = load_tiles(lane, first, min(tile + DEPTH, end - DEPTH), extent);
            add_pairs(0u, own, &h);
            add_pairs(1u, own, &h);
            add_pairs(2u, own, &h);
            add_pairs(3u, own, &h);
            add_pairs(4u, own, &h);
            add_pairs(5u, own, &h);
            add_pairs(6u, own, &h);
            add_pairs(7u, own, &h);
            add_pairs(8u, own, &h);
            add_pairs(9u, own, &h);
            add_pairs(10u, own, &h);
            add_pairs(11u, own, &h);
            add_pairs(12u, own, &h);
            add_pairs(13u, own, &h);
            add_pairs(14u, own, &h);
            add_pairs(15u, own, &h);
        }
        fold_sums(&h, &c);
    }
    for (var i = 0u; i < 8u; i += 2u) {
        var both_rows = array<Pair, 2>(c[0], c[1]);
        switch (i) { // an index that is no constant would put the sums into memory
            case 2u: { both_rows = array<Pair, 2>(c[2], c[3]); }
            case 4u: { both_rows = array<Pair, 2>(c[4], c[5]); }
            case 6u: { both_rows = array<Pair, 2>(c[6], c[7]); }
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
    return vec2u(unit / 2u * 8u + row, unit % 2u * 16u + lane / 2u % 8u);
}

// A pair of k, which is constant where this is called.
fn add_pairs(pair: u32, own: vec2u, h: ptr<function, array<HalfSums, 8>>) {
    let a0 = a_tile[pair * A_QUADS + own.x];
    let a1 = a_tile[pair * A_QUADS + own.x + 4u];
    let b0 = b_tile[pair * B_QUADS + own.y];
    let b1 = b_tile[pair * B_QUADS + own.y + 8u];
    (*h)[0] = add_row(a0.first.xy, b0, b1, (*h)[0]);
    (*h)[1] = add_row(a0.first.zw, b0, b1, (*h)[1]);
    (*h)[2] = add_row(a0.second.xy, b0, b1, (*h)[2]);
    (*h)[3] = add_row(a0.second.zw, b0, b1, (*h)[3]);
    (*h)[4] = add_row(a1.first.xy, b0, b1, (*h)[4]);
    (*h)[5] = add_row(a1.first.zw, b0, b1, (*h)[5]);
    (*h)[6] = add_row(a1.second.xy, b0, b1, (*h)[6]);
    (*h)[7] = add_row(a1.second.zw, b0, b1, (*h)[7]);
}

fn add_row(a: vec2<f16>, b0: Pairs, b1: Pairs, sums: HalfSums) -> HalfSums {
    return HalfSums(
        fma(a, b0.first.xy, sums[0]),
        fma(a, b0.first.zw, sums[1]),
        fma(a, b0.second.xy, sums[2]),
        fma(a, b0.second.zw, sums[3]),
        fma(a, b1.first.xy, sums[4]),
        fma(a, b1.first.zw, sums[5]),
        fma(a, b1.second.xy, sums[6]),
        fma(a, b1.second.zw, sums[7]),
    );
}

// Adds what f16 has summed up to the sums in f32, and begins anew.
fn fold_sums(h: ptr<function, array<HalfSums, 8>>, c: ptr<function, array<Pair, 8>>) {
    (*c)[0] = fold_row((*h)[0], (*c)[0]);
    (*c)[1] = fold_row((*h)[1], (*c)[1]);
    (*c)[2] = fold_row((*h)[2], (*c)[2]);
    (*c)[3] = fold_row((*h)[3], (*c)[3]);
    (*c)[4] = fold_row((*h)[4], (*c)[4]);
    (*c)[5] = fold_row((*h)[5], (*c)[5]);
    (*c)[6] = fold_row((*h)[6], (*c)[6]);
    (*c)[7] = fold_row((*h)[7], (*c)[7]);
    *h = array<HalfSums, 8>();
}

fn fold_row(h: HalfSums, c: Pair) -> Pair {
    return Pair(
        c[0] + vec4f(both(h[0]), both(h[1]), both(h[2]), both(h[3])),
        c[1] + vec4f(both(h[4]), both(h[5]), both(h[6]), both(h[7])),
    );
}

// Rows behind the last are read as the last ones: what comes of them is not stored.
fn load_tiles(lane: u32, first: vec2u, start: u32, extent: vec2u) -> Loads {
    return Loads(
        load_a(lane, first.x, start, extent.x),
        array<Load, 2>(
            load_b(lane, first.y, start, extent.y),
            load_b(lane + 2u * THREADS, first.y, start, extent.y),
        ),
    );
}

fn put_tiles(lane: u32, loads: Loads) {
    workgroupBarrier(); // the tiles before these may still be read
    put_a(lane, loads.a);
    put_b(lane, loads.b[0]);
    put_b(lane + 2u * THREADS, loads.b[1]);
    watch_b(loads.b[0]);
    watch_b(loads.b[1]);
    workgroupBarrier();
}

// Where a load along k begins: (k, row), 8 neighbouring threads side by side.
fn block_place(i: u32) -> vec2u {
    return vec2u(i / 8u % (DEPTH / 4u) * 4u, (i / (2u * DEPTH) * 8u + i % 8u) * 4u);
}

fn load_a(i: u32, first_row: u32, start: u32, rows: u32) -> Load {
    if (A_ALONG_K) {
        let place = block_place(i) + vec2u(start, first_row);
        return Load(
            a_at(min(place.y, rows - 1u), place.x),
            a_at(min(place.y + 1u, rows - 1u), place.x),
            a_at(min(place.y + 2u, rows - 1u), place.x),
            a_at(min(place.y + 3u, rows - 1u), place.x),
        );
    }
    let row = min(first_row + i % A_QUADS * 4u, rows - 4u);
    let k = start + i / A_QUADS * 2u;
    let further = k + THREADS / A_QUADS * 2u;
    return Load(a_at(row, k), a_at(row, k + 1u), a_at(row, further), a_at(row, further + 1u));
}

// Pairs of k of quad i of the tile, and of the one THREADS further.
fn load_b(i: u32, first_column: u32, start: u32, columns: u32) -> Load {
    let column = min(first_column + i % B_QUADS * 4u, columns - 4u);
    let k = start + i / B_QUADS * 2u;
    let further = k + THREADS / B_QUADS * 2u;
    return Load(
        b_at(k, column),
        b_at(k + 1u, column),
        b_at(further, column),
        b_at(further + 1u, column),
    );
}

fn put_a(i: u32, load: Load) {
    if (A_ALONG_K) {
        let place = block_place(i) / vec2u(2u, 4u);
        a_tile[place.x * A_QUADS + place.y] = even_pairs(load);
        a_tile[(place.x + 1u) * A_QUADS + place.y] = odd_pairs(load);
        return;
    }
    a_tile[i] = paired(load[0], load[1]);
    a_tile[i + THREADS] = paired(load[2], load[3]);
}

fn put_b(i: u32, load: Load) {
    b_tile[i] = paired(load[0], load[1]);
    b_tile[i + THREADS] = paired(load[2], load[3]);
}
