// Grid: a thread for each column, 256 a workgroup; the order is column_totals'.
// import grid
// import column_totals

@group(0) @binding(2) var<storage, read_write> dbias: array<f32>;
@group(0) @binding(5) var<storage, read> partials: array<f32>;

alias Terms = f32;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.outputs) {
        return;
    }
    var total = column_total(i, params.rows, params.outputs);
    if (params.accumulate != 0u) {
        total += dbias[i];
    }
    dbias[i] = total;
}
