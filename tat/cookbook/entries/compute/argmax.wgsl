// request: index of the largest element of an array
// paraphrase: parallel argmax reduction in one workgroup
// paraphrase: pick the most likely token from logits on the GPU
// family: reduction
// tags: reduction, argmax, parallel, workgroup, kernel
// difficulty: 2
// split: train

struct Candidate {
    value: f32,
    index: u32,
}

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> winner: u32;

var<workgroup> candidates: array<Candidate, 256>;

/// The better of two: the larger value, or the lower index of equal values.
fn better(a: Candidate, b: Candidate) -> Candidate {
    let b_wins = b.value > a.value || (b.value == a.value && b.index < a.index);
    if b_wins {
        return b;
    }
    return a;
}

/// Stores in `winner` where the largest of `scores` is, the first of several. Dispatch a single
/// workgroup: each invocation takes every 256th element, then halves of the rest compete. Because
/// ties are settled by index, the result does not depend on who meets whom.
@compute @workgroup_size(256)
fn argmax(@builtin(local_invocation_index) lane: u32) {
    let count = arrayLength(&scores);
    let first = min(lane, count - 1u);
    var best = Candidate(scores[first], first);
    for (var i = lane + 256u; i < count; i += 256u) {
        best = better(best, Candidate(scores[i], i));
    }
    candidates[lane] = best;
    for (var half = 128u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            candidates[lane] = better(candidates[lane], candidates[lane + half]);
        }
    }
    if lane == 0u {
        winner = candidates[0].index;
    }
}
