// Grid: a thread for each Element of dx, 256 a workgroup. No reduction.
// also gelu_backward.quads: quads for scalars
// import grid
// import scalars
// import gelu

@group(0) @binding(1) var<storage, read_write> dx: array<Dx>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<X>;

alias Dx = Element;
alias Dy = Element;
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
    dx[i] = Dx(Element(dy[i]) * gelu_slope(Element(x[i])));
}
