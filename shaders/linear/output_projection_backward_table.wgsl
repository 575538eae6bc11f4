// dtable [V, D] = dlogits [N, V] transposed x [N, D].
// Grid: 64 x 64 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile

@group(0) @binding(1) var<storage, read_write> dtable: array<f32>;
@group(0) @binding(2) var<storage, read> dlogits: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;

const A_ALONG_K = false;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> f32 {
    return dlogits[k * params.vocabulary + row];
}

fn b_at(k: u32, column: u32) -> f32 {
    return x[k * params.width + column];
}

fn store(row: u32, column: u32, value: f32) {
    let i = row * params.width + column;
    var gradient = value;
    if (params.accumulate != 0u) {
        gradient += dtable[i];
    }
    dtable[i] = gradient;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.vocabulary, params.width, params.rows);
}
