// Where tiles of dtable are stored, and their extents.
// import no_base

@group(0) @binding(1) var<storage, read_write> dtable: array<vec4f>;

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.width + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    var gradient = values;
    if (params.accumulate != 0u) {
        gradient += dtable[i];
    }
    dtable[i] = gradient;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.vocabulary, params.width, 0u, params.rows);
}
