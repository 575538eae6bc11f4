// dx [N, I] = dy [N, O] weight [I, O] transposed.
// Grid: 128 x COLUMNS elements for each workgroup of 2 COLUMNS threads; k upwards.
// import matmul_tile_128
// import no_base
// import finish

@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;

const A_ALONG_K = true;
const B_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4f {
    return dy[(row * params.outputs + k) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return weight[(column * params.outputs + k) / 4u];
}

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.inputs + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    dx[i] = finish(i, values, other);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.inputs, 0u, params.outputs);
}
