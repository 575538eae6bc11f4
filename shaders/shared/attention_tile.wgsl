// Products of attention in tiles of 64 rows ("left") by 32 rows ("right"); 256 threads, of which
// each has 4 left rows (from 4 * (lane / 16) on) and 2 right ones (from 2 * (lane % 16) on).
// The importer declares, each 0 outside the tensor:
//   fn left_at(operand, row, e) -> f32, row 0..63      fn right_at(operand, row, e) -> f32, 0..31
//   fn column_at(operand, row, column) -> f32, row 0..31 of the right side, column 0..63

const LEFT: u32 = 64u;
const RIGHT: u32 = 32u;
const DEPTH: u32 = 16u;
const STRIDE: u32 = 17u; // against bank conflicts

const LOWEST: f32 = -3.0e38; // below every score, and finite: WGSL promises no infinities

// Products of 4 left rows with the thread's first and second right row.
struct Pair {
    first: vec4f,
    second: vec4f,
}

// 4 columns (from 4 * (lane % 16) on) of 4 left rows.
struct Block {
    row0: vec4f,
    row1: vec4f,
    row2: vec4f,
    row3: vec4f,
}

var<workgroup> tile: array<vec4f, RIGHT * 16u>; // [right row][left row / 4]
var<workgroup> left_tile: array<vec4f, DEPTH * STRIDE>; // [e][left row / 4], [row][column / 4]
var<workgroup> right_tile: array<f32, DEPTH * (RIGHT + 1u)>; // [e][right row]

// left [64, size] times right [32, size] transposed, summed over e upwards.
fn product(operand: u32, size: u32, lane: u32) -> Pair {
    var pair = Pair();
    for (var start = 0u; start < size; start += DEPTH) {
        workgroupBarrier(); // what was staged before may still be read
        for (var i = lane; i < LEFT * DEPTH; i += 256u) {
            let e = i % DEPTH;
            let row = i / DEPTH;
            left_tile[e * STRIDE + row / 4u][row % 4u] = left_at(operand, row, start + e);
        }
        for (var i = lane; i < RIGHT * DEPTH; i += 256u) {
            let e = i % DEPTH;
            right_tile[e * (RIGHT + 1u) + i / DEPTH] = right_at(operand, i / DEPTH, start + e);
        }
        workgroupBarrier();
        for (var e = 0u; e < DEPTH; e++) {
            let left = left_tile[e * STRIDE + lane / 16u];
            let right = e * (RIGHT + 1u) + lane % 16u * 2u;
            pair.first = fma(left, vec4f(right_tile[right]), pair.first);
            pair.second = fma(left, vec4f(right_tile[right + 1u]), pair.second);
        }
    }
    return pair;
}

// Puts a thread's part into the tile; what was there has been read by all.
fn put(pair: Pair, lane: u32) {
    tile[lane % 16u * 32u + lane / 16u] = pair.first;
    tile[lane % 16u * 32u + 16u + lane / 16u] = pair.second;
}

// before + tile [64, 32] times columns [32, 64], summed over right rows upwards.
fn accumulate(operand: u32, lane: u32, before: Block) -> Block {
    var block = before;
    for (var start = 0u; start < RIGHT; start += DEPTH) {
        workgroupBarrier(); // the tile is complete; what was staged before may still be read
        for (var i = lane; i < DEPTH * 64u; i += 256u) {
            let column = i % 64u;
            let row = i / 64u;
            left_tile[row * STRIDE + column / 4u][column % 4u] =
                column_at(operand, start + row, column);
        }
        workgroupBarrier();
        for (var row = 0u; row < DEPTH; row++) {
            let p = tile[(start + row) * 16u + lane / 16u];
            let columns = left_tile[row * STRIDE + lane % 16u];
            block.row0 = fma(vec4f(p.x), columns, block.row0);
            block.row1 = fma(vec4f(p.y), columns, block.row1);
            block.row2 = fma(vec4f(p.z), columns, block.row2);
            block.row3 = fma(vec4f(p.w), columns, block.row3);
        }
    }
    workgroupBarrier(); // the tile may be written again
    return block;
}
