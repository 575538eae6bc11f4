// Indices in a grid of workgroups that is folded into two dimensions where one is too short.

fn group_index(group: vec3u, groups: vec3u) -> u32 {
    return group.y * groups.x + group.x;
}

// Of a thread, with workgroups of 256.
fn element_index(thread: vec3u, groups: vec3u) -> u32 {
    return thread.y * groups.x * 256u + thread.x;
}
