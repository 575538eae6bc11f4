// The sum over the threads of a workgroup, by halving: an order that never changes.
// The importer declares: const THREADS, a power of two.

var<workgroup> group_terms: array<f32, THREADS>;

// The same for all threads; called by all of them.
fn group_sum(term: f32, lane: u32) -> f32 {
    workgroupBarrier(); // an earlier sum may still be read
    group_terms[lane] = term;
    for (var span = THREADS / 2u; span > 0u; span /= 2u) {
        workgroupBarrier();
        if (lane < span) {
            group_terms[lane] += group_terms[lane + span];
        }
    }
    workgroupBarrier();
    return group_terms[0];
}
