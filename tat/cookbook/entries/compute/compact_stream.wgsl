// request: stream compaction that keeps the elements passing a test
// paraphrase: filter an array on the GPU and pack the survivors tightly
// paraphrase: append visible objects to a list with one atomic per workgroup
// family: compaction
// tags: compaction, filter, atomics, workgroup, kernel
// difficulty: 2
// split: train
// source: Billeter, Olsson and Assarsson, "Efficient Stream Compaction", HPG 2009

@group(0) @binding(0) var<storage, read> items: array<f32>;
@group(0) @binding(1) var<storage, read_write> kept: array<f32>;
@group(0) @binding(2) var<storage, read_write> kept_count: atomic<u32>; // 0 at first

var<workgroup> votes: array<atomic<u32>, 8>; // a bit for each of 256 invocations
var<workgroup> base: u32;

/// Whether an item stays; put your own test here.
fn passes(item: f32) -> bool {
    return item > 0.0;
}

/// Copies the items that pass to the front of `kept` and counts them in `kept_count`. Items of a
/// workgroup keep their order; workgroups come in the order in which they get there.
/// Every invocation votes with one bit. How many survivors stand before it is then a count of bits
/// in at most eight words, without the rounds and barriers of a prefix sum, and the workgroup
/// claims its whole stretch of the output at once.
@compute @workgroup_size(256)
fn compact_stream(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    if lane < 8u {
        atomicStore(&votes[lane], 0u);
    }
    workgroupBarrier();
    let inside = id.x < arrayLength(&items);
    let item = items[min(id.x, arrayLength(&items) - 1u)];
    let stays = inside && passes(item);
    let bit = 1u << (lane % 32u);
    if stays {
        atomicOr(&votes[lane / 32u], bit);
    }
    workgroupBarrier();
    var rank = countOneBits(atomicLoad(&votes[lane / 32u]) & (bit - 1u));
    for (var word = 0u; word < lane / 32u; word++) {
        rank += countOneBits(atomicLoad(&votes[word]));
    }
    if lane == 255u {
        base = atomicAdd(&kept_count, rank + u32(stays));
    }
    workgroupBarrier();
    if stays {
        kept[base + rank] = item;
    }
}
