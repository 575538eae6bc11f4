// request: tiled matrix multiplication in a compute shader
// paraphrase: multiply two float matrices on the GPU through workgroup memory
// paraphrase: GEMM kernel that stages 16 x 16 tiles of both factors
// family: matrix product
// tags: starter, matrix, gemm, workgroup, kernel
// difficulty: 3
// split: train
// source: blocked matrix product, e.g. Kirk and Hwu, "Programming Massively Parallel Processors"

struct Shape { rows: u32, inner: u32, columns: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> product: array<f32>;

var<workgroup> tile_a: array<array<f32, 16>, 16>;
var<workgroup> tile_b: array<array<f32, 16>, 16>;

/// Row-major product of `a` (rows x inner) and `b` (inner x columns), of any sizes.
/// A workgroup makes a 16 x 16 tile of it: dispatch columns / 16 by rows / 16, rounded up.
@compute @workgroup_size(16, 16)
fn matrix_multiply(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_id) lane: vec3u,
) {
    var sum = 0.0;
    for (var start = 0u; start < shape.inner; start += 16u) {
        let k = start + lane.xy;
        let a_inside = id.y < shape.rows && k.x < shape.inner;
        let b_inside = k.y < shape.inner && id.x < shape.columns;
        tile_a[lane.y][lane.x] = select(0.0, a[id.y * shape.inner + k.x], a_inside);
        tile_b[lane.y][lane.x] = select(0.0, b[k.y * shape.columns + id.x], b_inside);
        workgroupBarrier();
        for (var i = 0u; i < 16u; i++) {
            sum += tile_a[lane.y][i] * tile_b[i][lane.x];
        }
        workgroupBarrier();
    }
    if id.y < shape.rows && id.x < shape.columns {
        product[id.y * shape.columns + id.x] = sum;
    }
}
