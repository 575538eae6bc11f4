// request: solve many tridiagonal systems in a compute shader
// paraphrase: Thomas algorithm, one linear system per invocation
// paraphrase: implicit diffusion step: solve a banded matrix per row of a grid
// family: tridiagonal solver
// tags: linear-algebra, tridiagonal, implicit, kernel
// difficulty: 3
// split: train
// source: L. H. Thomas, "Elliptic Problems in Linear Difference Equations over a Network", 1949

struct Systems {
    count: u32, // how many
    rows: u32, // unknowns of each, 1 or more
}

@group(0) @binding(0) var<uniform> systems: Systems;
@group(0) @binding(1) var<storage, read> lower: array<f32>; // left of the diagonal; row 0 unused
@group(0) @binding(2) var<storage, read> diagonal: array<f32>;
@group(0) @binding(3) var<storage, read_write> upper: array<f32>; // right of it; overwritten
@group(0) @binding(4) var<storage, read_write> unknowns: array<f32>; // right-hand sides at first

/// Replaces the right-hand sides in `unknowns` by the solutions. Element `row` of system `i` is at
/// row * count + i in every array, so that neighbouring invocations read neighbouring words.
/// There is no pivoting: each diagonal must outweigh its two neighbours, as in implicit diffusion.
@compute @workgroup_size(64)
fn solve_tridiagonal(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= systems.count {
        return;
    }
    var above = 0.0; // upper element of the row before, once that row is divided by its pivot
    var known = 0.0; // its right-hand side
    for (var row = 0u; row < systems.rows; row++) {
        let at = row * systems.count + id.x;
        let left = select(lower[at], 0.0, row == 0u);
        let pivot = diagonal[at] - left * above;
        above = upper[at] / pivot;
        known = (unknowns[at] - left * known) / pivot;
        upper[at] = above;
        unknowns[at] = known;
    }
    for (var row = systems.rows - 1u; row > 0u; row--) {
        let at = (row - 1u) * systems.count + id.x;
        known = unknowns[at] - upper[at] * known;
        unknowns[at] = known;
    }
}
