// The sums of a row's columns over the slices of k.
// The importer declares: sums; const SLICES and QUADS.
// import one_row

alias Totals = vec4f; // of a quad of columns

fn with_products(totals: Totals, x: OfRows, weight: vec4f) -> Totals {
    return fma(vec4f(x), weight, totals);
}

// The sum of all slices, for the first QUADS threads. Called by all.
fn sum_of_slices(totals: Totals, lane: u32) -> vec4f {
    sums[lane] = totals;
    for (var span = SLICES / 4u; span > 0u; span /= 4u) {
        workgroupBarrier();
        let count = span * QUADS;
        if (lane < count) {
            let first = sums[lane] + sums[lane + count];
            sums[lane] = first + (sums[lane + 2u * count] + sums[lane + 3u * count]);
        }
    }
    return sums[lane];
}
