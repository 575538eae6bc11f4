// Grid: 64 columns x 128 rows for each workgroup of 256 threads; the order is column_partials'.
// import column_partials

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> mean: array<f32>;
@group(0) @binding(6) var<storage, read> rstd: array<f32>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec2f>;

alias Dy = f32;

alias Terms = vec2f; // of the gain, of the bias

fn terms_at(row: u32, column: u32) -> Terms {
    let i = row * params.width + column;
    let slope = f32(dy[i]);
    return vec2f(slope * (x[i] - mean[row]) * rstd[row], slope);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    sum_block(group.xy, lane, params.rows, params.width);
}
