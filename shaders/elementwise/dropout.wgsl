// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import grid
// import dropout

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> counter: array<u32>;

alias Y = f32;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size) {
        return;
    }
    y[i] = Y(x[i] * keep(dropout_word(), i));
}
