// logits [N, V] = x [N, D] table [V, D] transposed, which it takes as [D, V].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import no_base
// transposed table

@group(0) @binding(1) var<storage, read_write> logits: array<vec4f>;
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

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.vocabulary + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    logits[i] = values;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.vocabulary, 0u, params.width);
}
