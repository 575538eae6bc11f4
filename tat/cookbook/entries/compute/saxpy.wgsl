// request: saxpy, add a scaled vector to another in place
// paraphrase: y = a * x + y over large arrays in a compute shader
// paraphrase: grid-stride loop that works for any array length and dispatch size
// family: vector update
// tags: blas, vector, parallel, kernel
// difficulty: 1
// split: train
// source: Lawson et al., "Basic Linear Algebra Subprograms for Fortran Usage", ACM TOMS 5, 1979

@group(0) @binding(0) var<uniform> scale: f32;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

/// Adds `scale` times each element of `x` to that of `y`, as far as both reach, with any count of
/// workgroups. Each invocation strides by the whole dispatch: neighbours read neighbouring words
/// in every turn, and arrays beyond the 65535 workgroups that may be dispatched are no trouble.
@compute @workgroup_size(256)
fn saxpy(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let count = min(arrayLength(&x), arrayLength(&y));
    for (var i = id.x; i < count; i += groups.x * 256u) {
        y[i] += scale * x[i];
    }
}
