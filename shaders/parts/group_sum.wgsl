// The sum over the threads of a workgroup: of 16 neighbours each, by halving, then of these, first
// every 4th. An order that never changes, with two barriers, which are what time goes into.
// The importer declares: const THREADS, a multiple of 64.
// import quad_folds

var<workgroup> group_terms: array<vec4f, THREADS / 4u>;
var<workgroup> group_parts: array<vec4f, THREADS / 64u>;

// The same for all threads; called by all of them.
fn group_sum(term: f32, lane: u32) -> f32 {
    group_terms[lane / 4u][lane % 4u] = term;
    workgroupBarrier(); // behind which all have read the parts of an earlier sum, too
    if (lane < THREADS / 16u) {
        let i = lane * 4u;
        let first = group_terms[i] + group_terms[i + 1u];
        let second = group_terms[i + 2u] + group_terms[i + 3u];
        group_parts[lane / 4u][lane % 4u] = sum_of_quad(first + second);
    }
    workgroupBarrier();
    var total = group_parts[0];
    for (var i = 1u; i < THREADS / 64u; i++) {
        total += group_parts[i];
    }
    return sum_of_quad(total);
}
