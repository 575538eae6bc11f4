// Grid: a workgroup of 128 threads for each row. A sum: each thread its columns upwards, then the
// threads as group_sum.
// import each_row
// import group_sum

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gain: array<f32>;

alias Y = f32;

const THREADS: u32 = 128u;

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.width;
    var squares = 0.0;
    for (var i = lane; i < params.width; i += THREADS) {
        squares += x[base + i] * x[base + i];
    }
    let factor = 1.0 / sqrt(group_sum(squares, lane) / f32(params.width) + params.epsilon);
    for (var i = lane; i < params.width; i += THREADS) {
        y[base + i] = Y(x[base + i] * factor * gain[i]);
    }
    if (lane == 0u) {
        rstd[row] = factor;
    }
}
