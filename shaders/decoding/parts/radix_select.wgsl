// The value from which on upwards enough are counted, by its digits from the first
// (Alabi et al., "Fast k-selection algorithms for graphics processing units", 2012).
// The importer declares: const THREADS = 256, and fn values_at(places: vec4u) -> vec4f, fn
// weight(value: f32) -> u32 with what a value counts.

var<workgroup> digits: array<atomic<u32>, 256>; // weights of the values with each next digit
var<workgroup> counts: array<vec4u, 64>; // the same, to be read by fours
var<workgroup> blocks: array<vec4u, 4>; // of 16 digits each
var<workgroup> selected: vec2u; // the digit, and what is still to be counted from it on

// Bits in the order of the numbers.
fn ordered(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// The highest value with a weight of at least `wanted` in those that are no less, of elements
// first to end; `all` where the whole weighs less. Called by all threads. Sums of integers: no
// order moves them.
fn radix_select(first: u32, end: u32, wanted: u32, all: f32, lane: u32) -> f32 {
    var prefix = 0u;
    var rest = wanted;
    for (var digit = 0u; digit < 4u; digit++) {
        let shift = 24u - 8u * digit;
        atomicStore(&digits[lane], 0u);
        if (lane == 0u) {
            selected = vec2u(0u, rest);
        }
        workgroupBarrier();
        for (var i = first + lane; i < end; i += 4u * THREADS) {
            // Loads first: one after another they would wait for memory 4 times.
            let places = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
            let values = values_at(min(places, vec4u(end - 1u)));
            count(values.x, places.x < end, prefix, shift);
            count(values.y, places.y < end, prefix, shift);
            count(values.z, places.z < end, prefix, shift);
            count(values.w, places.w < end, prefix, shift);
        }
        workgroupBarrier();
        let own = atomicLoad(&digits[lane]);
        let above = sum_above(own, lane);
        if (above < rest && above + own >= rest) {
            selected = vec2u(lane, rest - above);
        }
        let found = workgroupUniformLoad(&selected);
        prefix |= found.x << shift;
        rest = found.y;
    }
    let bits = select(~prefix, prefix ^ 0x80000000u, prefix >= 0x80000000u);
    return select(bitcast<f32>(bits), all, prefix == 0u);
}

// Counts a value whose digits so far are those of the prefix.
fn count(value: f32, inside: bool, prefix: u32, shift: u32) {
    let next = (ordered(value) ^ prefix) >> shift;
    if (inside && next < 256u) {
        atomicAdd(&digits[next], weight(value));
    }
}

// The sum of what threads behind this one give. Called by all threads.
fn sum_above(own: u32, lane: u32) -> u32 {
    counts[lane / 4u][lane % 4u] = own;
    workgroupBarrier();
    if (lane < 16u) {
        let i = 4u * lane;
        let quad = (counts[i] + counts[i + 1u]) + (counts[i + 2u] + counts[i + 3u]);
        blocks[lane / 4u][lane % 4u] = (quad.x + quad.y) + (quad.z + quad.w);
    }
    workgroupBarrier();
    let block = lane / 16u;
    let i = 4u * block;
    let near = (behind(counts[i], 0u, lane % 16u) + behind(counts[i + 1u], 4u, lane % 16u))
        + (behind(counts[i + 2u], 8u, lane % 16u) + behind(counts[i + 3u], 12u, lane % 16u));
    let far = (behind(blocks[0], 0u, block) + behind(blocks[1], 4u, block))
        + (behind(blocks[2], 8u, block) + behind(blocks[3], 12u, block));
    let both = near + far;
    return (both.x + both.y) + (both.z + both.w);
}

// Of four numbers, the first of which has number `first`, those behind number `last`; 0 for others.
fn behind(quad: vec4u, first: u32, last: u32) -> vec4u {
    return select(vec4u(), quad, first + vec4u(0u, 1u, 2u, 3u) > vec4u(last));
}
