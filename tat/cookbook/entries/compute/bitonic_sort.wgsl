// request: bitonic sort of 512 keys in workgroup memory
// paraphrase: parallel sorting network for unsigned integers in a compute shader
// paraphrase: sort blocks of a buffer on the GPU without recursion
// family: sorting
// tags: sorting, bitonic, parallel, workgroup, kernel
// difficulty: 3
// split: train
// source: K. E. Batcher, "Sorting Networks and Their Applications", AFIPS 1968

@group(0) @binding(0) var<storage, read_write> keys: array<u32>;

var<workgroup> sorting: array<u32, 512>;

/// Loads a key, or one that sorts behind all others for places beyond the end.
fn load_key(index: u32) -> u32 {
    let count = arrayLength(&keys);
    return select(0xffffffffu, keys[min(index, count - 1u)], index < count);
}

/// Sorts each block of 512 `keys` ascending, the last one as far as it goes; one workgroup each.
/// Runs of `size` keys are made from pairs of runs half as long, one ascending and one descending:
/// together they rise and fall, and comparing keys `reach` apart, for ever shorter reaches, sorts
/// such a run. The pattern of comparisons is fixed, so that 256 invocations do one each.
@compute @workgroup_size(256)
fn bitonic_sort(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let start = 512u * group.x;
    sorting[lane] = load_key(start + lane);
    sorting[lane + 256u] = load_key(start + lane + 256u);
    for (var size = 2u; size <= 512u; size *= 2u) {
        for (var reach = size / 2u; reach > 0u; reach /= 2u) {
            workgroupBarrier();
            // The lane's number with a 0 put in at the bit of `reach`.
            let one = 2u * lane - (lane & (reach - 1u));
            let other = one + reach;
            let low = min(sorting[one], sorting[other]);
            let high = max(sorting[one], sorting[other]);
            let ascending = (one & size) == 0u;
            sorting[one] = select(high, low, ascending);
            sorting[other] = select(low, high, ascending);
        }
    }
    workgroupBarrier();
    for (var i = lane; i < 512u; i += 256u) {
        if start + i < arrayLength(&keys) {
            keys[start + i] = sorting[i];
        }
    }
}
