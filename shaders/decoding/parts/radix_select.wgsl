// The value from which on upwards enough are counted, by its digits from the first
// (Alabi et al., "Fast k-selection algorithms for graphics processing units", 2012).
// The importer declares: const THREADS = 256, and fn weight(i: u32) -> u32 with what element i
// counts, fn value(i: u32) -> f32.

var<workgroup> digits: array<atomic<u32>, 256>; // weights of the values with each next digit
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
        for (var i = first + lane; i < end; i += THREADS) {
            let next = (ordered(value(i)) ^ prefix) >> shift;
            if (next < 256u) { // the digits so far are those of the prefix
                atomicAdd(&digits[next], weight(i));
            }
        }
        workgroupBarrier();
        let own = atomicLoad(&digits[lane]);
        var above = 0u;
        for (var other = lane + 1u; other < 256u; other++) {
            above += atomicLoad(&digits[other]);
        }
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
