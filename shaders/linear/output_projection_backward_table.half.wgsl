// dtable [V, D] = dlogits [N, V] transposed x [N, D].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import no_base

@group(0) @binding(1) var<storage, read_write> dtable: array<vec4f>;
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

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.width + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    var gradient = values;
    if (params.accumulate != 0u) {
        gradient += dtable[i];
    }
    dtable[i] = gradient;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.vocabulary, params.width, 0u, params.rows);
}
