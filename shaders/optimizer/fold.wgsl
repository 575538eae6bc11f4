// Grid: a thread for each Element of total, 256 a workgroup. No reduction.
// also fold.quads: quads for scalars
// import grid
// import scalars

@group(0) @binding(1) var<storage, read_write> total: array<Total>;
@group(0) @binding(2) var<storage, read> x: array<Element>;

alias Total = Element;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size / WIDTH) {
        return;
    }
    var sum = x[i];
    if (params.accumulate != 0u) {
        sum += Element(total[i]);
    }
    total[i] = Total(sum);
}
