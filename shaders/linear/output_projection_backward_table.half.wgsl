// dtable [V, D] = dlogits [N, V] transposed x [N, D].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import table_gradient_end

@group(0) @binding(2) var<storage, read> dlogits: array<Dlogits>;
@group(0) @binding(3) var<storage, read> x: array<X>;

alias Dlogits = vec4f;
alias X = vec4f;

const A_ALONG_K = false;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(dlogits[(k * params.vocabulary + row) / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(x[(k * params.width + column) / 4u]);
}
