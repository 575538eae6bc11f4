// Grid: 64 columns x 128 rows for each workgroup of 256 threads; the order is column_partials'.
// import column_partials

@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> partials: array<f32>;

alias Dy = f32;

alias Terms = f32;

fn terms_at(row: u32, column: u32) -> Terms {
    let i = row * params.width + column;
    return f32(dy[i]) * (x[i] * rstd[row]);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sum_block(group.xy, lane, params.rows, params.width);
}
