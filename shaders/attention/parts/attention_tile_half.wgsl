// attention_tile with factors in f16: sums are in f16 over 16 terms, and these in f32.
// Products of attention in tiles of 64 rows ("left") by 32 rows ("right"); 128 threads, of which
// each has 4 left rows (from 4 * (lane / 8) on), 4 right ones (from 4 * (lane % 8) on) and 8 of a
// result's 64 columns (4 from 4 * (lane % 8) on, and the 4 that are 32 further).
// The importer declares, each of 4 neighbouring columns and 0 outside the tensor:
//   fn left_at(operand, row, e) -> vec4f, row 0..63    fn right_at(operand, row, e) -> vec4f, 0..31
//   fn column_at(operand, row, column) -> vec4f, row 0..31 of the right side, column 0..63
// Loops over 16 are unrolled in the text, which drivers do not do themselves.

const THREADS: u32 = 128u;
const LEFT: u32 = 64u;
const RIGHT: u32 = 32u;
const DEPTH: u32 = 16u;
const STRIDE: u32 = 17u; // quads of left rows, and one more against bank conflicts

alias Scores = array<vec4f, 4>; // of the 4 left rows with each of the 4 right ones
alias Block = array<vec4f, 8>; // [left row][half of the columns]
alias HalfScores = array<vec4<f16>, 4>;
alias HalfBlock = array<vec4<f16>, 8>;

var<workgroup> tile: array<vec4<f16>, RIGHT * STRIDE>; // [right row][left row / 4]
var<workgroup> left_tile: array<vec4<f16>, DEPTH * 16u>; // [e][left row / 4], [row][column / 4]
var<workgroup> right_tile: array<vec4<f16>, DEPTH * 8u>; // [e][right row / 4]

// left [64, size] times right [32, size] transposed, summed over e upwards.
fn product(operand: u32, size: u32, lane: u32) -> Scores {
    var scores = Scores();
    let row = lane / 4u;
    var e = lane % 4u * 4u;
    var upper = left_at(operand, row, e);
    var lower = left_at(operand, row + 32u, e);
    var right = right_at(operand, row, e);
    for (var start = 0u; start < size; start += DEPTH) {
        workgroupBarrier(); // what was staged before may still be read
        stage_left(row, lane % 4u, upper);
        stage_left(row + 32u, lane % 4u, lower);
        stage_right(row, lane % 4u, right);
        workgroupBarrier();
        e += DEPTH; // what comes next is loaded meanwhile
        upper = left_at(operand, row, e);
        lower = left_at(operand, row + 32u, e);
        right = right_at(operand, row, e);
        var sums = HalfScores();
        add_scores(0u, lane, &sums);
        add_scores(1u, lane, &sums);
        add_scores(2u, lane, &sums);
        add_scores(3u, lane, &sums);
        add_scores(4u, lane, &sums);
        add_scores(5u, lane, &sums);
        add_scores(6u, lane, &sums);
        add_scores(7u, lane, &sums);
        add_scores(8u, lane, &sums);
        add_scores(9u, lane, &sums);
        add_scores(10u, lane, &sums);
        add_scores(11u, lane, &sums);
        add_scores(12u, lane, &sums);
        add_scores(13u, lane, &sums);
        add_scores(14u, lane, &sums);
        add_scores(15u, lane, &sums);
        scores[0] += vec4f(sums[0]);
        scores[1] += vec4f(sums[1]);
        scores[2] += vec4f(sums[2]);
        scores[3] += vec4f(sums[3]);
    }
    return scores;
}

// Columns 4 * unit to 4 * unit + 3 of a row; quads of rows are turned aside by the unit, so that
// neighbouring threads write to different banks.
fn stage_left(row: u32, unit: u32, values: vec4f) {
    let place = unit * 4u * 16u + ((row / 4u) ^ (unit * 2u));
    left_tile[place][row % 4u] = f16(values.x);
    left_tile[place + 16u][row % 4u] = f16(values.y);
    left_tile[place + 32u][row % 4u] = f16(values.z);
    left_tile[place + 48u][row % 4u] = f16(values.w);
}

fn stage_right(row: u32, unit: u32, values: vec4f) {
    let place = unit * 4u * 8u + ((row / 4u) ^ (unit * 2u));
    right_tile[place][row % 4u] = f16(values.x);
    right_tile[place + 8u][row % 4u] = f16(values.y);
    right_tile[place + 16u][row % 4u] = f16(values.z);
    right_tile[place + 24u][row % 4u] = f16(values.w);
}

fn add_scores(e: u32, lane: u32, sums: ptr<function, HalfScores>) {
    let left = left_tile[e * 16u + ((lane / 8u) ^ (e / 4u * 2u))];
    let right = right_tile[e * 8u + ((lane % 8u) ^ (e / 4u * 2u))];
    (*sums)[0] = fma(left, vec4<f16>(right.x), (*sums)[0]);
    (*sums)[1] = fma(left, vec4<f16>(right.y), (*sums)[1]);
    (*sums)[2] = fma(left, vec4<f16>(right.z), (*sums)[2]);
    (*sums)[3] = fma(left, vec4<f16>(right.w), (*sums)[3]);
}

// Puts a thread's part into the tile; what was there has been read by all.
fn put(scores: Scores, lane: u32) {
    let place = lane % 8u * 4u * STRIDE + lane / 8u;
    tile[place] = vec4<f16>(scores[0]);
    tile[place + STRIDE] = vec4<f16>(scores[1]);
    tile[place + 2u * STRIDE] = vec4<f16>(scores[2]);
    tile[place + 3u * STRIDE] = vec4<f16>(scores[3]);
}

// Adds tile [64, 32] times columns [32, 64], summed over right rows upwards.
fn accumulate(operand: u32, lane: u32, block: ptr<function, Block>) {
    let row = lane / 16u;
    let column = lane % 16u * 4u;
    var upper = column_at(operand, row, column);
    var lower = column_at(operand, row + 8u, column);
    for (var start = 0u; start < RIGHT; start += DEPTH) {
        workgroupBarrier(); // the tile is complete; what was staged before may still be read
        left_tile[lane] = vec4<f16>(upper);
        left_tile[lane + THREADS] = vec4<f16>(lower);
        workgroupBarrier();
        if (start == 0u) {
            upper = column_at(operand, DEPTH + row, column);
            lower = column_at(operand, DEPTH + row + 8u, column);
        }
        var sums = HalfBlock();
        add_columns(start, 0u, lane, &sums);
        add_columns(start, 1u, lane, &sums);
        add_columns(start, 2u, lane, &sums);
        add_columns(start, 3u, lane, &sums);
        add_columns(start, 4u, lane, &sums);
        add_columns(start, 5u, lane, &sums);
        add_columns(start, 6u, lane, &sums);
        add_columns(start, 7u, lane, &sums);
        add_columns(start, 8u, lane, &sums);
        add_columns(start, 9u, lane, &sums);
        add_columns(start, 10u, lane, &sums);
        add_columns(start, 11u, lane, &sums);
        add_columns(start, 12u, lane, &sums);
        add_columns(start, 13u, lane, &sums);
        add_columns(start, 14u, lane, &sums);
        add_columns(start, 15u, lane, &sums);
        (*block)[0] += vec4f(sums[0]);
        (*block)[1] += vec4f(sums[1]);
        (*block)[2] += vec4f(sums[2]);
        (*block)[3] += vec4f(sums[3]);
        (*block)[4] += vec4f(sums[4]);
        (*block)[5] += vec4f(sums[5]);
        (*block)[6] += vec4f(sums[6]);
        (*block)[7] += vec4f(sums[7]);
    }
    workgroupBarrier(); // the tile may be written again
}

fn add_columns(start: u32, row: u32, lane: u32, sums: ptr<function, HalfBlock>) {
    let p = tile[(start + row) * STRIDE + lane / 8u];
    let first = left_tile[row * 16u + lane % 8u];
    let second = left_tile[row * 16u + 8u + lane % 8u];
    (*sums)[0] = fma(vec4<f16>(p.x), first, (*sums)[0]);
    (*sums)[1] = fma(vec4<f16>(p.x), second, (*sums)[1]);
    (*sums)[2] = fma(vec4<f16>(p.y), first, (*sums)[2]);
    (*sums)[3] = fma(vec4<f16>(p.y), second, (*sums)[3]);
    (*sums)[4] = fma(vec4<f16>(p.z), first, (*sums)[4]);
    (*sums)[5] = fma(vec4<f16>(p.z), second, (*sums)[5]);
    (*sums)[6] = fma(vec4<f16>(p.w), first, (*sums)[6]);
    (*sums)[7] = fma(vec4<f16>(p.w), second, (*sums)[7]);
}
