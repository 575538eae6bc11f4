// y [N, O] = x [N, I] weight [I, O] + bias [O] for few rows and columns that are not in fours, as
// the one of a gate.
// Grid: x columns, y rows; a workgroup of 256 threads for each element. A sum: each thread every
// 256th k upwards, then the threads as group_sum.
// import scalars
// import one_row
// import operand
// import finish
// import place

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

alias X = f32;

const THREADS: u32 = 256u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    prepare(group.y, lane);
    var total = 0.0;
    for (var k = lane; k < params.inputs; k += THREADS) {
        total = fma(operands(group.y, k), weight[k * params.outputs + group.x], total);
    }
    total = group_sum(total, lane);
    if (lane == 0u) {
        let i = place(group.y) * params.outputs + group.x;
        y[i] = finish(i, total + bias[group.x], beside(i));
    }
}
