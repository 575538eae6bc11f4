// request: merge two sorted arrays in parallel
// paraphrase: merge path kernel where each invocation produces eight outputs
// paraphrase: combine two sorted lists of keys into one on the GPU
// family: merging
// tags: merge, sorting, parallel, search, kernel
// difficulty: 3
// split: test
// source: Green, McColl and Bader, "GPU Merge Path", ICS 2012

@group(0) @binding(0) var<storage, read> left: array<u32>;
@group(0) @binding(1) var<storage, read> right: array<u32>;
@group(0) @binding(2) var<storage, read_write> merged: array<u32>;

/// How many of the first `count` merged keys come from `left`: the first number i such that key i
/// there no longer goes before key count - i - 1 of `right`. Among equal keys, `left` comes first.
fn keys_from_left(count: u32) -> u32 {
    var low = count - min(count, arrayLength(&right));
    var high = min(count, arrayLength(&left));
    while low < high {
        let middle = (low + high) / 2u;
        if left[middle] <= right[count - 1u - middle] {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low;
}

/// Merges the ascending arrays `left` and `right` into `merged`, which is as long as both. Dispatch
/// its length / 512, rounded up. A binary search tells each invocation where in both arrays its
/// eight keys begin, however unevenly they are mixed; from there it merges as one would by hand.
@compute @workgroup_size(64)
fn merge_sorted(@builtin(global_invocation_id) id: vec3u) {
    let total = arrayLength(&left) + arrayLength(&right);
    let first = min(8u * id.x, total);
    var i = keys_from_left(first);
    var j = first - i;
    for (var k = first; k < min(first + 8u, total); k++) {
        var takes_left = i < arrayLength(&left);
        if takes_left && j < arrayLength(&right) {
            takes_left = left[i] <= right[j];
        }
        if takes_left {
            merged[k] = left[i];
            i += 1u;
        } else {
            merged[k] = right[j];
            j += 1u;
        }
    }
}
