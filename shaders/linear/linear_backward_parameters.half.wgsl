// Parts of dweight [I, O] = x [N, I] transposed dy [N, O] and of dbias [O], the sum of dy's rows,
// each over a range of rows.
// Grid: 64 x 128 elements for each workgroup of 128 threads, z parts; in matmul_half's order,
// dbias by 4 threads, each of which takes 2 of 8 k upwards, then these.
// import matmul_half_watched
// import parameter_parts

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(4) var<storage, read> x: array<X>;

alias Dy = vec4f;
alias X = vec4f;

const A_ALONG_K = false;

var<workgroup> biases: array<vec4f, THREADS>;

fn a_at(row: u32, k: u32) -> vec4<f16> {
    return vec4<f16>(x[k * (params.inputs / 4u) + row / 4u]);
}

fn b_at(k: u32, column: u32) -> vec4<f16> {
    return vec4<f16>(dy[k * (params.outputs / 4u) + column / 4u]);
}

fn watch_b(load: Load) {
    if (sums_bias) {
        bias += vec4f(load[0]);
        bias += vec4f(load[1]);
        bias += vec4f(load[2]);
        bias += vec4f(load[3]);
    }
}

fn share_bias(lane: u32) {
    biases[lane] = bias;
}

fn shared_bias(lane: u32) -> vec4f {
    return biases[lane];
}
