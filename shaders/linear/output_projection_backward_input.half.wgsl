// Parts of dx [N, D] = dlogits [N, V] table [V, D], each over a range of the vocabulary.
// Grid: 64 x 128 elements for each workgroup of 128 threads, z parts; in matmul_half's order.
// import matmul_half
// import vocabulary_parts

@group(0) @binding(2) var<storage, read> dlogits: array<Dlogits>;
@group(0) @binding(3) var<storage, read> table: array<Table>;

alias Dlogits = vec4f;
alias Table = vec4f;

const A_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(dlogits[(row * params.vocabulary + k) / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(table[(k * params.width + column) / 4u]);
}
