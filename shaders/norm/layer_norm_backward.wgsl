// Grid: a workgroup of 64 threads for each row. A sum: each thread its columns upwards,
// then the threads as group_sum.
// import each_row
// import group_sum
// import scalars
// import finish

@group(0) @binding(1) var<storage, read_write> dx: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> gain: array<f32>;
@group(0) @binding(5) var<storage, read> mean: array<f32>;
@group(0) @binding(6) var<storage, read> rstd: array<f32>;

alias Dy = f32;

const THREADS: u32 = 64u;

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.width;
    var total = 0.0;
    var along = 0.0;
    for (var i = lane; i < params.width; i += THREADS) {
        let slope = f32(dy[base + i]) * gain[i];
        total += slope;
        along += slope * (x[base + i] - mean[row]) * rstd[row];
    }
    let average = group_sum(total, lane) / f32(params.width);
    let share = group_sum(along, lane) / f32(params.width);
    for (var i = lane; i < params.width; i += THREADS) {
        let normal = (x[base + i] - mean[row]) * rstd[row];
        let slope = f32(dy[base + i]) * gain[i];
        let value = (slope - average - normal * share) * rstd[row];
        dx[base + i] = finish(base + i, value, beside(base + i));
    }
}
