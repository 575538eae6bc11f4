// logits [N, V] = x [N, D] table [V, D] transposed.
// Grid: 64 x 64 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile

@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;

const A_ALONG_K = true;
const B_ALONG_K = true;

fn a_at(row: u32, k: u32) -> f32 {
    return x[row * params.width + k];
}

fn b_at(k: u32, column: u32) -> f32 {
    return table[column * params.width + k];
}

fn store(row: u32, column: u32, value: f32) {
    logits[row * params.vocabulary + column] = value;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.vocabulary, params.width);
}
