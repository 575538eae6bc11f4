// y [N, O] = x [N, I] weight [I, O] + bias [O].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import finish

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;

alias Y = vec4f;
alias X = vec4f;
alias Weight = vec4f;

const A_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(x[(row * params.inputs + k) / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(weight[(k * params.outputs + column) / 4u]);
}

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.outputs + column) / 4u;
}

fn base_at(column: u32) -> vec4f {
    return bias[column / 4u];
}

fn store(i: u32, values: vec4f, other: vec4f) {
    y[i] = Y(finish(i, values, other));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.outputs, 0u, params.inputs);
}
