// request: softmax over each row of a matrix
// paraphrase: numerically stable softmax kernel with one workgroup per row
// paraphrase: turn attention scores into probabilities in a single pass over the data
// family: softmax
// tags: softmax, neural-network, reduction, workgroup, kernel
// difficulty: 2
// split: train
// source: Milakov and Gimelshein, "Online Normalizer Calculation for Softmax", 2018

@group(0) @binding(0) var<uniform> columns: u32;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> probabilities: array<f32>;

var<workgroup> partials: array<vec2f, 64>; // largest logit, sum of exponentials relative to it

/// Joins two parts of a row: the sum of the one with the smaller maximum is scaled down to the
/// other's. No exponential is of a positive number, so that none overflows.
fn join_parts(a: vec2f, b: vec2f) -> vec2f {
    let largest = max(a.x, b.x);
    return vec2f(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}

/// Row-wise exp(x) over its sum; dispatch one workgroup per row. Logits may have any finite size:
/// each invocation keeps maximum and sum of its part up to date together, which saves the pass
/// that would look for the maximum first.
@compute @workgroup_size(64)
fn row_softmax(
    @builtin(workgroup_id) row: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let start = row.x * columns;
    var part = vec2f(-3e38, 0.0);
    for (var i = lane; i < columns; i += 64u) {
        part = join_parts(part, vec2f(logits[start + i], 1.0));
    }
    partials[lane] = part;
    for (var half = 32u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            partials[lane] = join_parts(partials[lane], partials[lane + half]);
        }
    }
    workgroupBarrier();
    let whole = partials[0];
    for (var i = lane; i < columns; i += 64u) {
        probabilities[start + i] = exp(logits[start + i] - whole.x) / whole.y;
    }
}
