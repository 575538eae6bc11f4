// The maximum over the threads of a workgroup.
// The importer declares: const THREADS, a power of two.

var<workgroup> group_candidates: array<f32, THREADS>;

// The same for all threads; called by all of them.
fn group_max(candidate: f32, lane: u32) -> f32 {
    workgroupBarrier(); // an earlier maximum may still be read
    group_candidates[lane] = candidate;
    for (var span = THREADS / 2u; span > 0u; span /= 2u) {
        workgroupBarrier();
        if (lane < span) {
            group_candidates[lane] = max(group_candidates[lane], group_candidates[lane + span]);
        }
    }
    workgroupBarrier();
    return group_candidates[0];
}
