// Sums over the rows of a matrix, second step: the blocks of column_partials, in order.
// The importer declares: alias Terms, partials [blocks, columns].

const BLOCK_ROWS: u32 = 128u;

fn column_total(column: u32, rows: u32, columns: u32) -> Terms {
    let blocks = (rows + BLOCK_ROWS - 1u) / BLOCK_ROWS;
    var total = Terms();
    for (var block = 0u; block < blocks; block++) {
        total += partials[block * columns + column];
    }
    return total;
}
