// Products of attention in tiles of 64 rows ("left") by 32 rows ("right"); 128 threads, of which
// each has 4 left rows (from 4 * (lane / 8) on), 4 right ones (from 4 * (lane % 8) on) and 8 of a
// result's 64 columns (4 from 4 * (lane % 8) on, and the 4 that are 32 further).
// The importer declares, each of 4 neighbouring columns and 0 outside the tensor:
//   fn left_at(operand, row, e) -> vec4f, row 0..63    fn right_at(operand, row, e) -> vec4f, 0..31
//   fn column_at(operand, row, column) -> vec4f, row 0..31 of the right side, column 0..63
// import attention_tile_staged

alias Staged = vec4f;
alias ScoreSums = Scores;
alias BlockSums = Block;

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
        add_all_scores(lane, &scores);
    }
    return scores;
}

// Adds tile [64, 32] times columns [32, 64], summed over right rows upwards.
fn accumulate(operand: u32, lane: u32, block: ptr<function, Block>) {
    let row = lane / 16u;
    let column = lane % 16u * 4u;
    var upper = column_at(operand, row, column);
    var lower = column_at(operand, row + 8u, column);
    for (var start = 0u; start < RIGHT; start += DEPTH) {
        workgroupBarrier(); // the tile is complete; what was staged before may still be read
        left_tile[lane] = upper;
        left_tile[lane + THREADS] = lower;
        workgroupBarrier();
        if (start == 0u) {
            upper = column_at(operand, DEPTH + row, column);
            lower = column_at(operand, DEPTH + row + 8u, column);
        }
        add_all_columns(start, lane, block);
    }
    workgroupBarrier(); // the tile may be written again
}
