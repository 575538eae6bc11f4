// y [N, O] = x [N, I] weight [I, O] + bias [O].
// Grid: 64 x 64 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile
// import scalars
// import finish

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

const A_ALONG_K = true;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> f32 {
    return x[row * params.inputs + k];
}

fn b_at(k: u32, column: u32) -> f32 {
    return weight[k * params.outputs + column];
}

fn store(row: u32, column: u32, value: f32) {
    let i = row * params.outputs + column;
    y[i] = finish(i, value + bias[column], beside(i));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.outputs, params.inputs);
}
