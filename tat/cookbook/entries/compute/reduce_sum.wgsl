// request: parallel reduction that adds up an array of floats
// paraphrase: sum a buffer on the GPU, one partial result per workgroup
// paraphrase: tree reduction of an f32 array in workgroup memory
// family: reduction
// tags: starter, reduction, parallel, workgroup, kernel
// difficulty: 2
// split: train
// source: M. Harris, "Optimizing Parallel Reduction in CUDA", 2007

@group(0) @binding(0) var<storage, read> numbers: array<f32>;
@group(0) @binding(1) var<storage, read_write> group_sums: array<f32>;

var<workgroup> scratch: array<f32, 128>;

/// Adds up `numbers` with any count of workgroups; each stores its share of the sum.
/// Run it again with one workgroup on those for the total.
@compute @workgroup_size(128)
fn reduce_sum(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    var sum = 0.0;
    for (var i = group.x * 128u + lane; i < arrayLength(&numbers); i += groups.x * 128u) {
        sum += numbers[i];
    }
    scratch[lane] = sum;
    for (var half = 64u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            scratch[lane] += scratch[lane + half];
        }
    }
    if lane == 0u {
        group_sums[group.x] = scratch[0];
    }
}
