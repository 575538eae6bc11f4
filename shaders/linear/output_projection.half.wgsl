// logits [N, V] = x [N, D] table [V, D] transposed, which it takes as [D, V].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import logits_end
// transposed table

@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> table: array<Table>;

alias X = vec4f;
alias Table = vec4f;

const A_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(x[(row * params.width + k) / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(table[(k * params.vocabulary + column) / 4u]);
}
