// Grid: a thread for each Element of y, 256 a workgroup. No reduction.
// also scale.quads: quads for scalars
// import grid
// import scalars

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<Element>;
@group(0) @binding(3) var<storage, read> factor: array<f32>;

alias Y = Element;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size / WIDTH) {
        return;
    }
    y[i] = Y(x[i] * factor[0]);
}
