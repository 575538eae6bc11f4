// request: binary search for the first element not below a value
// paraphrase: lower bound in a sorted array in a storage buffer
// paraphrase: find the insertion point of a number among sorted floats
// family: binary search
// tags: search, sorted, storage
// difficulty: 1
// split: train
// source: D. E. Knuth, "The Art of Computer Programming", volume 3, section 6.2.1

@group(0) @binding(0) var<storage, read> sorted: array<f32>;

/// Index of the first element of `sorted`, which ascends, that is not below `value`; the length of
/// the array if all are. Of equal elements the first is found, so that the result is also how many
/// elements are below the value.
fn lower_bound(value: f32) -> u32 {
    var first = 0u;
    var count = arrayLength(&sorted); // candidates from `first` on, one more answer than elements
    while count > 0u {
        let half = count / 2u;
        if sorted[first + half] < value {
            first += half + 1u;
            count -= half + 1u;
        } else {
            count = half;
        }
    }
    return first;
}
