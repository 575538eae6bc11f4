// Sums over the rows of a matrix, first step: 128 rows by 64 columns for each workgroup, as four
// runs of 32 rows, each summed downwards, then added in order. column_totals adds the blocks.
// The importer declares: alias Terms (f32 or a vector), fn terms_at(row, column) -> Terms,
//   partials [blocks, columns], written.

const BLOCK_ROWS: u32 = 128u;
const RUNS: u32 = 4u;

var<workgroup> run_sums: array<Terms, 64u * RUNS>;

fn sum_block(group: vec2u, lane: u32, rows: u32, columns: u32) {
    let column = group.x * 64u + lane % 64u;
    let first = group.y * BLOCK_ROWS + lane / 64u * (BLOCK_ROWS / RUNS);
    let end = min(first + BLOCK_ROWS / RUNS, rows);
    var total = Terms();
    if (column < columns) {
        for (var row = first; row < end; row++) {
            total += terms_at(row, column);
        }
    }
    run_sums[lane] = total;
    workgroupBarrier();
    if (lane < 64u && column < columns) {
        for (var run = 1u; run < RUNS; run++) {
            total += run_sums[run * 64u + lane];
        }
        partials[group.y * columns + column] = total;
    }
}
