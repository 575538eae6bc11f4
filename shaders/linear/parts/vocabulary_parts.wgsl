// Parts of dx [N, D], each over a range of the vocabulary: the partial sums of z parts.
// import no_base
// import part_range

@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>; // [part][N][D / 4]

var<private> part: u32;

fn quad_at(row: u32, column: u32) -> u32 {
    return ((part * params.rows + row) * params.width + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    partials[i] = values;
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    part = group.z;
    let range = part_range(params.vocabulary, group.z, groups.z);
    multiply(group.xy, lane, params.rows, params.width, range.x, range.y);
}
