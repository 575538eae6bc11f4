// Of the bias. Grid: 64 columns x 128 rows for each workgroup of 256 threads; the order is
// column_partials'.
// import column_partials

@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>;

alias Terms = f32;

fn terms_at(row: u32, column: u32) -> Terms {
    return dy[row * params.outputs + column];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sum_block(group.xy, lane, params.rows, params.outputs);
}
