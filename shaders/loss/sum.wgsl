// Grid: one workgroup of 256 threads: each thread its elements upwards, then the threads as
// group_sum.
// import group_sum

@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;

const THREADS: u32 = 256u;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) lane: u32) {
    var part = 0.0;
    for (var i = lane; i < params.size; i += THREADS) {
        part += x[i];
    }
    let all = group_sum(part, lane);
    if (lane == 0u) {
        total[0] = all;
    }
}
