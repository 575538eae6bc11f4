// dq [B, T, D] = slopes [B, T, K*S] k [B, K*S, D].
// Grid: 64 x 64 elements for each workgroup of 256 threads, z batch; positions upwards.
// import matmul_tile

@group(0) @binding(1) var<storage, read_write> dq: array<f32>;
@group(0) @binding(5) var<storage, read> k: array<f32>;
@group(0) @binding(10) var<storage, read> slopes: array<f32>;

const A_ALONG_K = true;
const B_ALONG_K = false;

var<private> sequence: u32;

fn a_at(row: u32, i: u32) -> f32 {
    let span = params.sources * params.keys;
    return slopes[(sequence * params.queries + row) * span + i];
}

fn b_at(i: u32, column: u32) -> f32 {
    return k[(sequence * params.sources * params.keys + i) * params.width + column];
}

fn store(row: u32, column: u32, value: f32) {
    dq[(sequence * params.queries + row) * params.width + column] = value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sequence = group.z;
    multiply(group.xy, lane, params.queries, params.width, params.sources * params.keys);
}
