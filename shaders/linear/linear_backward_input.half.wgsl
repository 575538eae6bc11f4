// dx [N, I] = dy [N, O] weight [I, O] transposed, which it takes as [O, I].
// Grid: 64 x 128 elements for each workgroup of 128 threads; in matmul_half's order.
// import matmul_half
// import no_base
// import finish
// transposed weight

@group(0) @binding(1) var<storage, read_write> dx: array<Dx>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;

alias Dx = vec4f;
alias Dy = vec4f;
alias Weight = vec4f;

const A_ALONG_K = true;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(dy[(row * params.outputs + k) / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(weight[(k * params.inputs + column) / 4u]);
}

fn quad_at(row: u32, column: u32) -> u32 {
    return (row * params.inputs + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    dx[i] = Dx(finish(i, values, other));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    multiply(group.xy, lane, params.rows, params.inputs, 0u, params.outputs);
}
