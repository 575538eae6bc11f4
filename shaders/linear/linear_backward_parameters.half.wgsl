// Parts of dweight [I, O] = x [N, I] transposed dy [N, O] and of dbias [O], the sum of dy's rows,
// each over a range of rows.
// Grid: 64 x 128 elements for each workgroup of 128 threads, z parts; in matmul_half's order,
// dbias by 4 threads, each of which takes 2 of 8 k upwards, then these.
// import matmul_half_watched
// import no_base
// import part_range

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(4) var<storage, read> x: array<X>;
@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>; // of both

alias Dy = vec4f;
alias X = vec4f;

const A_ALONG_K = false;

var<workgroup> biases: array<vec4f, THREADS>;

var<private> part: u32;
var<private> sums_bias: bool; // one of the workgroups with the same columns does
var<private> bias: vec4f; // of the columns that this thread loads

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

fn quad_at(row: u32, column: u32) -> u32 {
    return ((part * params.inputs + row) * params.outputs + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    partials[i] = values;
}

// The bias of 128 columns, from 4 threads for each 4 of them.
fn store_bias(first_column: u32, lane: u32, parts: u32) {
    biases[lane] = bias;
    workgroupBarrier();
    let column = first_column + lane * 4u;
    if (lane < B_QUADS && column < params.outputs) {
        var total = bias;
        for (var i = lane + B_QUADS; i < THREADS; i += B_QUADS) {
            total += biases[i];
        }
        let weights = parts * params.inputs * params.outputs;
        partials[(weights + part * params.outputs + column) / 4u] = total;
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    part = group.z;
    sums_bias = group.y == 0u;
    let range = part_range(params.rows, group.z, groups.z);
    multiply(group.xy, lane, params.inputs, params.outputs, range.x, range.y);
    if (group.y == 0u) {
        store_bias(group.x * COLUMNS, lane, groups.z);
    }
}
