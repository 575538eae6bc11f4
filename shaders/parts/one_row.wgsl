// A workgroup makes one row, whose number `first` is. Shaders for several have another part instead.
// The importer declares: const THREADS, a multiple of 64; x.
// import group_sum

const ROWS: u32 = 1u;
const STORED: u32 = 4u * THREADS; // columns of a normalised row that workgroup memory holds

alias OfRows = f32; // a number of each row

fn x_of_rows(first: u32, width: u32, k: u32) -> OfRows {
    return f32(x[first * width + k]);
}

// The same for all threads; called by all of them.
fn group_sums(terms: OfRows, lane: u32) -> OfRows {
    return group_sum(terms, lane);
}
