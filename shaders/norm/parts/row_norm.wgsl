// Statistics of rows of x, which threads read once and hold: 4 columns each; others they read
// again. A sum: each thread the columns that it holds by halving, then its others upwards, then the
// threads as group_sum.
// The importer declares: const THREADS, a multiple of 64; x; params.epsilon; what one_row does.

const HELD: u32 = 4u * THREADS;

struct Norm {
    center: OfRows,
    factor: OfRows, // one over the standard deviation
    distances: array<OfRows, 4>, // of the held columns from the center, 0 behind the last
}

fn held_columns(lane: u32) -> vec4u {
    return lane + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
}

// Of the rows from `first` on; called by all threads.
fn norm_of(first: u32, width: u32, lane: u32) -> Norm {
    let inside = held_columns(lane) < vec4u(width);
    let i = min(held_columns(lane), vec4u(width - 1u));
    let a = x_of_rows(first, width, i.x);
    let b = x_of_rows(first, width, i.y);
    let c = x_of_rows(first, width, i.z);
    let d = x_of_rows(first, width, i.w);
    let none = OfRows();
    var total = (select(none, a, inside.x) + select(none, b, inside.y))
        + (select(none, c, inside.z) + select(none, d, inside.w));
    for (var k = lane + HELD; k < width; k += THREADS) {
        total += x_of_rows(first, width, k);
    }
    let center = group_sums(total, lane) / f32(width);
    let from_a = select(none, a - center, inside.x);
    let from_b = select(none, b - center, inside.y);
    let from_c = select(none, c - center, inside.z);
    let from_d = select(none, d - center, inside.w);
    var squares = (from_a * from_a + from_b * from_b) + (from_c * from_c + from_d * from_d);
    for (var k = lane + HELD; k < width; k += THREADS) {
        let distance = x_of_rows(first, width, k) - center;
        squares += distance * distance;
    }
    let variance = group_sums(squares, lane) / f32(width);
    let factor = OfRows(1.0) / sqrt(variance + params.epsilon);
    return Norm(center, factor, array<OfRows, 4>(from_a, from_b, from_c, from_d));
}
