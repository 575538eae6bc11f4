// request: turn a float into a u32 that sorts in the same order
// paraphrase: order-preserving integer key of an f32, for radix sort
// paraphrase: map floats to unsigned ints so that atomicMax works on negative values
// family: sort keys
// tags: bits, sorting, radix-sort, atomics
// difficulty: 2
// split: train
// source: M. Herf, "Radix Tricks", 2001

/// A key that is smaller for one float than for another just when the float is; -0 comes right
/// before +0. Radix sorts and atomicMin or atomicMax, which know integers only, then order floats.
/// The bits of positive floats are in order already and only have to go above the negative ones;
/// those, sign and magnitude, run backwards, so that all their bits are flipped.
fn sortable_float_bits(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    let negative = (bits >> 31u) == 1u;
    return bits ^ select(0x80000000u, 0xffffffffu, negative);
}
