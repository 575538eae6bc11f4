// dk [B, K*S, D] = slopes [B, T, K*S] transposed q [B, T, D].
// Grid: 64 x 64 elements for each workgroup of 256 threads, z batch; queries upwards.
// import matmul_tile

@group(0) @binding(2) var<storage, read_write> dk: array<f32>;
@group(0) @binding(4) var<storage, read> q: array<f32>;
@group(0) @binding(10) var<storage, read> slopes: array<f32>;

const A_ALONG_K = false;
const B_ALONG_K = false;

var<private> sequence: u32;

fn a_at(row: u32, i: u32) -> f32 {
    let span = params.sources * params.keys;
    return slopes[(sequence * params.queries + i) * span + row];
}

fn b_at(i: u32, column: u32) -> f32 {
    return q[(sequence * params.queries + i) * params.width + column];
}

fn store(row: u32, column: u32, value: f32) {
    dk[(sequence * params.sources * params.keys + row) * params.width + column] = value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sequence = group.z;
    multiply(group.xy, lane, params.sources * params.keys, params.width, params.queries);
}
