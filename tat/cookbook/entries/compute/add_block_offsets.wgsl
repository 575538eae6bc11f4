// request: second pass of a large prefix sum that adds the block offsets
// paraphrase: finish a multi-block scan with the scanned totals of the blocks
// paraphrase: turn block-wise running sums into one running sum over the whole array
// family: scan
// tags: scan, parallel, prefix-sum, kernel
// difficulty: 1
// split: train
// source: Harris, Sengupta and Owens, "Parallel Prefix Sum with CUDA", GPU Gems 3, 2007

@group(0) @binding(0) var<storage, read> scanned_totals: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;

/// Adds to each running sum what all blocks of 256 before its own sum up to. `scanned_totals` is
/// the inclusive prefix sum of the blocks' totals, so that a block takes the element before its
/// own, and the first block nothing. One workgroup per block.
@compute @workgroup_size(256)
fn add_block_offsets(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(workgroup_id) block: vec3u,
) {
    if block.x > 0u && id.x < arrayLength(&sums) {
        sums[id.x] += scanned_totals[block.x - 1u];
    }
}
