// Grid: a workgroup of 64 threads for each row. A sum: each thread its columns upwards,
// then the threads by halving.
// import grid
// import group_sum

struct Params {
    rows: u32,
    width: u32,
    epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> gain: array<f32>;
@group(0) @binding(6) var<storage, read> bias: array<f32>;

alias Y = f32;

const THREADS: u32 = 64u;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups);
    if (row >= params.rows) {
        return;
    }
    let base = row * params.width;
    var total = 0.0;
    for (var i = lane; i < params.width; i += THREADS) {
        total += x[base + i];
    }
    let center = group_sum(total, lane) / f32(params.width);
    var squares = 0.0;
    for (var i = lane; i < params.width; i += THREADS) {
        let distance = x[base + i] - center;
        squares += distance * distance;
    }
    let variance = group_sum(squares, lane) / f32(params.width);
    let factor = 1.0 / sqrt(variance + params.epsilon);
    for (var i = lane; i < params.width; i += THREADS) {
        y[base + i] = Y((x[base + i] - center) * factor * gain[i] + bias[i]);
    }
    if (lane == 0u) {
        mean[row] = center;
        rstd[row] = factor;
    }
}
