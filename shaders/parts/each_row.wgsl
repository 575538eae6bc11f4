// A workgroup of THREADS for each row. The importer says how many `rows()` there are, and what
// `make_row(row, lane)` does for one; all threads of its workgroup do it, so it may have barriers.
// import grid

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups);
    if (row < rows()) {
        make_row(row, lane);
    }
}
