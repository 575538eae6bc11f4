// Where tiles of logits are stored, and their extents.
// import no_base

@group(0) @binding(1) var<storage, read_write> logits: array<vec4f>;

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.vocabulary + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    logits[i] = values;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.vocabulary, 0u, params.width);
}
