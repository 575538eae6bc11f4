// Products of queries and keys, to be made shares of: q [B, T, D] k [B, K*S, D] transposed.
// Grid: 64 x 64 elements for each workgroup of 256 threads, z batch; k upwards.
// import matmul_tile

@group(0) @binding(1) var<storage, read_write> shares: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> k: array<f32>;

const A_ALONG_K = true;
const B_ALONG_K = true;

var<private> sequence: u32;

fn a_at(row: u32, i: u32) -> f32 {
    return q[(sequence * params.queries + row) * params.width + i];
}

fn b_at(i: u32, column: u32) -> f32 {
    return k[(sequence * params.sources * params.keys + column) * params.width + i];
}

fn store(row: u32, column: u32, value: f32) {
    let span = params.sources * params.keys;
    shares[(sequence * params.queries + row) * span + column] = value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sequence = group.z;
    multiply(group.xy, lane, params.queries, params.sources * params.keys, params.width);
}
