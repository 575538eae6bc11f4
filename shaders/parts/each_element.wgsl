// A thread for each element, 256 a workgroup. The importer says how many `elements()` there are, and
// what `make_element(i)` does for one.
// import grid

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i < elements()) {
        make_element(i);
    }
}
