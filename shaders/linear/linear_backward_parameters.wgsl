// dweight [I, O] = x [N, I] transposed dy [N, O].
// Grid: 64 x 64 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile

@group(0) @binding(1) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;

const A_ALONG_K = false;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> f32 {
    return x[k * params.inputs + row];
}

fn b_at(k: u32, column: u32) -> f32 {
    return dy[k * params.outputs + column];
}

fn store(row: u32, column: u32, value: f32) {
    let i = row * params.outputs + column;
    var gradient = value;
    if (params.accumulate != 0u) {
        gradient += dweight[i];
    }
    dweight[i] = gradient;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.inputs, params.outputs, params.rows);
}
