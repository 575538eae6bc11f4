// The maximum over the threads of a workgroup, with as few barriers as group_sum.
// The importer declares: const THREADS, a multiple of 64.
// import quad_folds

var<workgroup> group_candidates: array<vec4f, THREADS / 4u>;
var<workgroup> group_maxima: array<vec4f, THREADS / 64u>;

// The same for all threads; called by all of them.
fn group_max(candidate: f32, lane: u32) -> f32 {
    group_candidates[lane / 4u][lane % 4u] = candidate;
    workgroupBarrier(); // behind which all have read the maxima of an earlier call, too
    if (lane < THREADS / 16u) {
        let i = lane * 4u;
        let first = max(group_candidates[i], group_candidates[i + 1u]);
        let second = max(group_candidates[i + 2u], group_candidates[i + 3u]);
        group_maxima[lane / 4u][lane % 4u] = max_of_quad(max(first, second));
    }
    workgroupBarrier();
    var highest = group_maxima[0];
    for (var i = 1u; i < THREADS / 64u; i++) {
        highest = max(highest, group_maxima[i]);
    }
    return max_of_quad(highest);
}
