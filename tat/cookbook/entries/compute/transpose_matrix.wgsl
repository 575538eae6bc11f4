// request: transpose a matrix through shared memory
// paraphrase: tiled matrix transpose with coalesced reads and writes
// paraphrase: swap rows and columns of a row-major float array on the GPU
// family: transpose
// tags: matrix, transpose, workgroup, kernel
// difficulty: 2
// split: train
// source: Ruetsch and Micikevicius, "Optimizing Matrix Transpose in CUDA", NVIDIA, 2009

@group(0) @binding(0) var<uniform> size: vec2u; // columns and rows of the input
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read_write> transposed: array<f32>;

// One column too many, so that walking down a column meets all memory banks in turn.
var<workgroup> block: array<array<f32, 17>, 16>;

/// Writes the row-major `matrix` to `transposed` with rows and columns swapped, for any size.
/// Dispatch columns / 16 by rows / 16, rounded up. A workgroup reads a square tile row by row and
/// writes it row by row as well, at the mirrored place: the turn happens in workgroup memory,
/// where a stride costs nothing.
@compute @workgroup_size(16, 16)
fn transpose_matrix(
    @builtin(workgroup_id) tile: vec3u,
    @builtin(local_invocation_id) lane: vec3u,
) {
    let from_cell = 16u * tile.xy + lane.xy;
    if all(from_cell < size) {
        block[lane.y][lane.x] = matrix[from_cell.y * size.x + from_cell.x];
    }
    workgroupBarrier();
    let to_cell = 16u * tile.yx + lane.xy;
    if all(to_cell < size.yx) {
        transposed[to_cell.y * size.y + to_cell.x] = block[lane.x][lane.y];
    }
}
