// request: histogram of values between 0 and 1 with 256 bins
// paraphrase: count brightness levels of an image for auto exposure
// paraphrase: parallel histogram with atomics in workgroup memory
// family: histogram
// tags: histogram, atomics, workgroup, image, kernel
// difficulty: 2
// split: test
// source: Podlozhnyuk, "Histogram Calculation in CUDA", NVIDIA, 2007

@group(0) @binding(0) var<storage, read> levels: array<f32>;
@group(0) @binding(1) var<storage, read_write> bins: array<atomic<u32>, 256>;

var<workgroup> local_bins: array<atomic<u32>, 256>;

/// Adds to `bins`, which the caller has cleared, how many `levels` lie in each 256th of [0, 1];
/// values outside count in the first or last bin. Any count of workgroups.
/// Many pixels share a level and would queue for the same word of global memory. So each workgroup
/// counts for itself first, and only its totals meet the others: one atomic per bin.
@compute @workgroup_size(256)
fn histogram(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    atomicStore(&local_bins[lane], 0u); // some drivers leave the last kernel's values there
    workgroupBarrier();
    for (var i = id.x; i < arrayLength(&levels); i += groups.x * 256u) {
        let bin = u32(clamp(levels[i] * 256.0, 0.0, 255.0));
        atomicAdd(&local_bins[bin], 1u);
    }
    workgroupBarrier();
    let counted = atomicLoad(&local_bins[lane]);
    if counted > 0u {
        atomicAdd(&bins[lane], counted);
    }
}
