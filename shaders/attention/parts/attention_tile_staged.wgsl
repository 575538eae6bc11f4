// What attention_tile and attention_tile_half share: the tiles, and the terms of both products.
// The importer declares: Staged, 4 neighbours as they are staged; ScoreSums and BlockSums, what terms
//   are added to.
// Loops over 16 are unrolled in the text, which drivers do not do themselves.

const THREADS: u32 = 128u;
const LEFT: u32 = 64u;
const RIGHT: u32 = 32u;
const DEPTH: u32 = 16u;
const STRIDE: u32 = 17u; // quads of left rows, and one more against bank conflicts

alias Scores = array<vec4f, 4>; // of the 4 left rows with each of the 4 right ones
alias Block = array<vec4f, 8>; // [left row][half of the columns]

var<workgroup> tile: array<Staged, RIGHT * STRIDE>; // [right row][left row / 4]
var<workgroup> left_tile: array<Staged, DEPTH * 16u>; // [e][left row / 4], [row][column / 4]
var<workgroup> right_tile: array<Staged, DEPTH * 8u>; // [e][right row / 4]

// Columns 4 * unit to 4 * unit + 3 of a row; quads of rows are turned aside by the unit, so that
// neighbouring threads write to different banks.
fn stage_left(row: u32, unit: u32, values: vec4f) {
    let place = unit * 4u * 16u + ((row / 4u) ^ (unit * 2u));
    let staged = Staged(values);
    left_tile[place][row % 4u] = staged.x;
    left_tile[place + 16u][row % 4u] = staged.y;
    left_tile[place + 32u][row % 4u] = staged.z;
    left_tile[place + 48u][row % 4u] = staged.w;
}

fn stage_right(row: u32, unit: u32, values: vec4f) {
    let place = unit * 4u * 8u + ((row / 4u) ^ (unit * 2u));
    let staged = Staged(values);
    right_tile[place][row % 4u] = staged.x;
    right_tile[place + 8u][row % 4u] = staged.y;
    right_tile[place + 16u][row % 4u] = staged.z;
    right_tile[place + 24u][row % 4u] = staged.w;
}

fn add_all_scores(lane: u32, sums: ptr<function, ScoreSums>) {
    add_scores(0u, lane, sums);
    add_scores(1u, lane, sums);
    add_scores(2u, lane, sums);
    add_scores(3u, lane, sums);
    add_scores(4u, lane, sums);
    add_scores(5u, lane, sums);
    add_scores(6u, lane, sums);
    add_scores(7u, lane, sums);
    add_scores(8u, lane, sums);
    add_scores(9u, lane, sums);
    add_scores(10u, lane, sums);
    add_scores(11u, lane, sums);
    add_scores(12u, lane, sums);
    add_scores(13u, lane, sums);
    add_scores(14u, lane, sums);
    add_scores(15u, lane, sums);
}

fn add_scores(e: u32, lane: u32, sums: ptr<function, ScoreSums>) {
    let left = left_tile[e * 16u + ((lane / 8u) ^ (e / 4u * 2u))];
    let right = right_tile[e * 8u + ((lane % 8u) ^ (e / 4u * 2u))];
    (*sums)[0] = fma(left, Staged(right.x), (*sums)[0]);
    (*sums)[1] = fma(left, Staged(right.y), (*sums)[1]);
    (*sums)[2] = fma(left, Staged(right.z), (*sums)[2]);
    (*sums)[3] = fma(left, Staged(right.w), (*sums)[3]);
}

// Puts a thread's part into the tile; what was there has been read by all.
fn put(scores: Scores, lane: u32) {
    let place = lane % 8u * 4u * STRIDE + lane / 8u;
    tile[place] = Staged(scores[0]);
    tile[place + STRIDE] = Staged(scores[1]);
    tile[place + 2u * STRIDE] = Staged(scores[2]);
    tile[place + 3u * STRIDE] = Staged(scores[3]);
}

fn add_all_columns(start: u32, lane: u32, sums: ptr<function, BlockSums>) {
    add_columns(start, 0u, lane, sums);
    add_columns(start, 1u, lane, sums);
    add_columns(start, 2u, lane, sums);
    add_columns(start, 3u, lane, sums);
    add_columns(start, 4u, lane, sums);
    add_columns(start, 5u, lane, sums);
    add_columns(start, 6u, lane, sums);
    add_columns(start, 7u, lane, sums);
    add_columns(start, 8u, lane, sums);
    add_columns(start, 9u, lane, sums);
    add_columns(start, 10u, lane, sums);
    add_columns(start, 11u, lane, sums);
    add_columns(start, 12u, lane, sums);
    add_columns(start, 13u, lane, sums);
    add_columns(start, 14u, lane, sums);
    add_columns(start, 15u, lane, sums);
}

fn add_columns(start: u32, row: u32, lane: u32, sums: ptr<function, BlockSums>) {
    let p = tile[(start + row) * STRIDE + lane / 8u];
    let first = left_tile[row * 16u + lane % 8u];
    let second = left_tile[row * 16u + 8u + lane % 8u];
    (*sums)[0] = fma(Staged(p.x), first, (*sums)[0]);
    (*sums)[1] = fma(Staged(p.x), second, (*sums)[1]);
    (*sums)[2] = fma(Staged(p.y), first, (*sums)[2]);
    (*sums)[3] = fma(Staged(p.y), second, (*sums)[3]);
    (*sums)[4] = fma(Staged(p.z), first, (*sums)[4]);
    (*sums)[5] = fma(Staged(p.z), second, (*sums)[5]);
    (*sums)[6] = fma(Staged(p.w), first, (*sums)[6]);
    (*sums)[7] = fma(Staged(p.w), second, (*sums)[7]);
}
