// logits [N, V] = x [N, D] table [V, D] transposed.
// Grid: 128 x 128 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile_128
// import no_base

@group(0) @binding(1) var<storage, read_write> logits: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> table: array<vec4f>;

const COLUMNS: u32 = 128u; // of a workgroup
const A_ALONG_K = true;
const B_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4f {
    return x[(row * params.width + k) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return table[(column * params.width + k) / 4u];
}

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
