// The sums of four rows' columns over the slices of k, each in the order of sums_of_one_row.
// The importer declares: sums; const THREADS, SLICES and QUADS.
// import four_rows

const SHARE: u32 = THREADS / ROWS; // threads that make the sums of a row

alias Totals = array<vec4f, ROWS>; // of a quad of columns; no index is a variable, see decisions.md

fn with_products(totals: Totals, x: OfRows, weight: vec4f) -> Totals {
    return Totals(
        fma(vec4f(x.x), weight, totals[0]),
        fma(vec4f(x.y), weight, totals[1]),
        fma(vec4f(x.z), weight, totals[2]),
        fma(vec4f(x.w), weight, totals[3]),
    );
}

// The sum of all slices, for the first QUADS threads of each row's share. Called by all.
fn sum_of_slices(totals: Totals, lane: u32) -> vec4f {
    var part = sum_of_fours(0u, totals[0], vec4f(), lane);
    part = sum_of_fours(1u, totals[1], part, lane);
    part = sum_of_fours(2u, totals[2], part, lane);
    sums[lane] = sum_of_fours(3u, totals[3], part, lane);
    for (var span = SLICES / 16u; span > 0u; span /= 4u) {
        workgroupBarrier();
        let count = span * QUADS;
        if (lane % SHARE < count) {
            let first = sums[lane] + sums[lane + count];
            sums[lane] = first + (sums[lane + 2u * count] + sums[lane + 3u * count]);
        }
    }
    return sums[lane];
}

// What four slices come to, for the threads of the row's share; `other` for all other threads. The
// rows take turns in the same memory.
fn sum_of_fours(row: u32, total: vec4f, other: vec4f, lane: u32) -> vec4f {
    sums[lane] = total;
    workgroupBarrier();
    var part = other;
    if (lane / SHARE == row) {
        let i = lane % SHARE;
        let first = sums[i] + sums[i + SHARE];
        part = first + (sums[i + 2u * SHARE] + sums[i + 3u * SHARE]);
    }
    workgroupBarrier();
    return part;
}
