// Parts of dx [N, D] = dlogits [N, V] table [V, D], each over a range of the vocabulary.
// Grid: 128 x 64 elements for each workgroup of 128 threads, z parts; k upwards.
// import matmul_tile_128
// import vocabulary_parts

@group(0) @binding(2) var<storage, read> dlogits: array<vec4f>;
@group(0) @binding(3) var<storage, read> table: array<vec4f>;

const COLUMNS: u32 = 64u; // of a workgroup
const A_ALONG_K = true;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> vec4f {
    return dlogits[(row * params.vocabulary + k) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return table[(k * params.width + column) / 4u];
}
