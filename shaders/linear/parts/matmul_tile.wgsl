// C [M, N] = A [M, K] B [K, N]: a workgroup of 256 threads makes 64 x 64 elements, a thread 4 x 4.
// An element is one chain of sums over k upwards: its bits do not depend on the number of rows.
// The importer declares: A_ALONG_K and B_ALONG_K, true where neighbours in memory differ in k;
//   fn a_at(row, k) -> f32, fn b_at(k, column) -> f32, fn store(row, column, value), which are
//   called inside the matrices only.

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
const STRIDE: u32 = 17u; // vectors of one k, and one more against bank conflicts

var<workgroup> a_tile: array<vec4f, DEPTH * STRIDE>; // [k][row / 4]
var<workgroup> b_tile: array<vec4f, DEPTH * STRIDE>; // [k][column / 4]

fn multiply(group: vec2u, lane: u32, rows: u32, columns: u32, depth: u32) {
    let first = vec2u(group.y, group.x) * TILE;
    let own = vec2u(lane / 16u, lane % 16u);
    var c0 = vec4f();
    var c1 = vec4f();
    var c2 = vec4f();
    var c3 = vec4f();
    for (var start = 0u; start < depth; start += DEPTH) {
        workgroupBarrier(); // the tiles before these may still be read
        stage_a(first.x, start, lane, rows, depth);
        stage_b(first.y, start, lane, columns, depth);
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            let a = a_tile[k * STRIDE + own.x];
            let b = b_tile[k * STRIDE + own.y];
            c0 = fma(vec4f(a.x), b, c0);
            c1 = fma(vec4f(a.y), b, c1);
            c2 = fma(vec4f(a.z), b, c2);
            c3 = fma(vec4f(a.w), b, c3);
        }
    }
    let corner = first + own * 4u;
    store_row(corner, c0, rows, columns);
    store_row(corner + vec2u(1u, 0u), c1, rows, columns);
    store_row(corner + vec2u(2u, 0u), c2, rows, columns);
    store_row(corner + vec2u(3u, 0u), c3, rows, columns);
}

// Neighbouring threads read neighbours in memory: (k, row or column) of element i of a tile.
fn tile_place(i: u32, along_k: bool) -> vec2u {
    return select(vec2u(i / TILE, i % TILE), vec2u(i % DEPTH, i / DEPTH), along_k);
}

fn stage_a(first_row: u32, start: u32, lane: u32, rows: u32, depth: u32) {
    for (var i = lane; i < TILE * DEPTH; i += 256u) {
        let place = tile_place(i, A_ALONG_K);
        var value = 0.0;
        if (start + place.x < depth && first_row + place.y < rows) {
            value = a_at(first_row + place.y, start + place.x);
        }
        a_tile[place.x * STRIDE + place.y / 4u][place.y % 4u] = value;
    }
}

fn stage_b(first_column: u32, start: u32, lane: u32, columns: u32, depth: u32) {
    for (var i = lane; i < TILE * DEPTH; i += 256u) {
        let place = tile_place(i, B_ALONG_K);
        var value = 0.0;
        if (start + place.x < depth && first_column + place.y < columns) {
            value = b_at(start + place.x, first_column + place.y);
        }
        b_tile[place.x * STRIDE + place.y / 4u][place.y % 4u] = value;
    }
}

fn store_row(at: vec2u, values: vec4f, rows: u32, columns: u32) {
    if (at.x < rows) {
        for (var i = 0u; i < 4u && at.y + i < columns; i++) {
            store(at.x, at.y + i, values[i]);
        }
    }
}
