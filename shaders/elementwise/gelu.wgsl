// Grid: a thread for each Element of y, 256 a workgroup. No reduction.
// also gelu.quads: quads for scalars
// import grid
// import scalars
// import gelu

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;

alias Y = Element;
alias X = Element;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size / WIDTH) {
        return;
    }
    y[i] = Y(gelu(Element(x[i])));
}
