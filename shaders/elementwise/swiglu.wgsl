// Grid: a thread for each element of y, 256 a workgroup. No reduction.
// import grid
// import sigmoid

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;

alias Y = f32;
alias X = f32;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.rows * params.width) {
        return;
    }
    let at = i / params.width * 2u * params.width + i % params.width;
    let gate = f32(x[at]);
    y[i] = Y(gate * sigmoid(gate) * f32(x[at + params.width]));
}
