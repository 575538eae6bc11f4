// request: mean of a rectangle of pixels from a summed-area table
// paraphrase: constant-time box blur lookup in an integral image
// paraphrase: average brightness over any box with four memory reads
// family: integral image
// tags: blur, summed-area-table, image, storage
// difficulty: 2
// split: train
// source: F. Crow, "Summed-Area Tables for Texture Mapping", SIGGRAPH 1984

@group(0) @binding(0) var<uniform> table_width: u32; // of the table, one more than the image's
@group(0) @binding(1) var<storage, read> table: array<u32>;

/// Mean of the image over the columns from low.x and the rows from low.y on, up to but without
/// `high`; 0 for an empty box. Element (x, y) of `table` is the sum of all pixels left of x and
/// above y, so that its first row and column are 0 and no box needs a special case.
/// Integers make it exact: with floats, the sums at the far corner would have lost the last bits
/// of a single pixel. They may even wrap around; the difference is right while the box's own sum
/// fits 32 bits.
fn box_from_integral(low: vec2u, high: vec2u) -> f32 {
    let upper = table[low.y * table_width + high.x] - table[low.y * table_width + low.x];
    let whole = table[high.y * table_width + high.x] - table[high.y * table_width + low.x];
    let size = high - low;
    return f32(whole - upper) / f32(max(size.x * size.y, 1u));
}
