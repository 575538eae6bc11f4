// dtable [V, D] = dlogits [N, V] transposed x [N, D].
// Grid: 128 x 128 elements for each workgroup of 256 threads; k upwards.
// import matmul_tile_128
// import table_gradient_end

@group(0) @binding(2) var<storage, read> dlogits: array<vec4f>;
@group(0) @binding(3) var<storage, read> x: array<vec4f>;

const COLUMNS: u32 = 128u; // of a workgroup
const A_ALONG_K = false;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> vec4f {
    return dlogits[(k * params.vocabulary + row) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return x[(k * params.width + column) / 4u];
}
