// dx [N, I] = dy [N, O] weight [I, O] transposed.
// Grid: 64 x 64 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile
// import scalars
// import finish

@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;

const A_ALONG_K = true;
const B_ALONG_K = true;

fn a_at(row: u32, k: u32) -> f32 {
    return dy[row * params.outputs + k];
}

fn b_at(k: u32, column: u32) -> f32 {
    return weight[column * params.outputs + k];
}

fn store(row: u32, column: u32, value: f32) {
    let i = row * params.inputs + column;
    dx[i] = finish(i, value, beside(i));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.inputs, params.outputs);
}
