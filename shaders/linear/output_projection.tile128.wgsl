// logits [N, V] = x [N, D] table [V, D] transposed.
// Grid: 128 x 128 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile_128
// import logits_end

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
