// request: gather rows of a table by index
// paraphrase: embedding lookup in a compute shader
// paraphrase: copy selected rows of a matrix into a new one
// family: gather
// tags: embedding, indexing, neural-network, kernel
// difficulty: 1
// split: test

@group(0) @binding(0) var<uniform> row_width: u32; // floats in a row
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read> picks: array<u32>;
@group(0) @binding(3) var<storage, read_write> gathered: array<f32>;

/// Copies row picks[y] of `rows` to row y of `gathered`; one that is not there becomes zeros, for
/// left to itself WGSL may read any element instead. Dispatch row_width / 64, rounded up, by the
/// count of picks: invocations that differ in x read neighbouring words.
@compute @workgroup_size(64)
fn gather_rows(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= row_width || id.y >= arrayLength(&picks) {
        return;
    }
    let row = picks[id.y];
    let exists = row < arrayLength(&rows) / row_width;
    let source = select(0u, row, exists) * row_width + id.x;
    gathered[id.y * row_width + id.x] = select(0.0, rows[source], exists);
}
