// request: sparse matrix times vector in CSR format
// paraphrase: SpMV kernel for compressed sparse rows
// paraphrase: multiply a sparse matrix by a dense vector, one row per invocation
// family: sparse matrix
// tags: sparse, matrix, csr, linear-algebra, kernel
// difficulty: 2
// split: test
// source: Bell and Garland, "Efficient Sparse Matrix-Vector Multiplication on CUDA", NVIDIA, 2008

struct Element {
    column: u32,
    value: f32,
}

@group(0) @binding(0) var<storage, read> row_starts: array<u32>; // one more than there are rows
@group(0) @binding(1) var<storage, read> elements: array<Element>; // row after row
@group(0) @binding(2) var<storage, read> vector: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

/// Multiplies a matrix by `vector`; the elements of row r are those from row_starts[r] up to but
/// without row_starts[r + 1], in any order, none for an empty row. A column and its value lie side
/// by side, for they are always read together. Best for short rows of like length: the
/// invocations of a workgroup wait for the longest.
@compute @workgroup_size(64)
fn sparse_matrix_vector(@builtin(global_invocation_id) id: vec3u) {
    if id.x + 1u >= arrayLength(&row_starts) {
        return;
    }
    var sum = 0.0;
    for (var i = row_starts[id.x]; i < row_starts[id.x + 1u]; i++) {
        let element = elements[i];
        sum += element.value * vector[element.column];
    }
    result[id.x] = sum;
}
