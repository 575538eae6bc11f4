// request: inclusive prefix sum of each block of 256 values in shared memory
// paraphrase: workgroup scan that also stores the total of every block
// paraphrase: parallel running sum of an array of u32, the first pass of a larger scan
// family: scan
// tags: starter, scan, parallel, workgroup, kernel
// difficulty: 2
// split: train
// source: Hillis and Steele, "Data Parallel Algorithms", CACM 29(12), 1986

@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> block_totals: array<u32>;

var<workgroup> partials: array<u32, 256>;

/// Replaces each value by the sum of its block of 256 up to and including it, and stores the sum
/// of each block: scan those and add them to get the prefix sum of the whole array.
@compute @workgroup_size(256)
fn prefix_sum(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(workgroup_id) block: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let inside = id.x < arrayLength(&values);
    var sum = 0u;
    if inside {
        sum = values[id.x];
    }
    for (var reach = 1u; reach < 256u; reach *= 2u) {
        partials[lane] = sum;
        workgroupBarrier();
        if lane >= reach {
            sum += partials[lane - reach];
        }
        workgroupBarrier();
    }
    if inside {
        values[id.x] = sum;
    }
    if lane == 255u {
        block_totals[block.x] = sum;
    }
}
