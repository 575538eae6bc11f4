// Grid: a workgroup of 128 threads for each row, whose quads they read once and hold, one each;
// others they read again. A sum: each thread its quads upwards, then the threads as group_sum.
// import each_row
// import group_sum

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;
@group(0) @binding(5) var<storage, read> gain: array<vec4f>;
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;

alias Y = vec4f;

const THREADS: u32 = 128u;

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let quads = params.width / 4u;
    let base = row * quads;
    let own = min(lane, quads - 1u);
    let inside = lane < quads;
    let held = x[base + own];
    let gains = gain[own]; // on its way before the first sum, as the bias
    let biases = bias[own];
    var total = select(0.0, sum_of_quad(held), inside);
    for (var k = lane + THREADS; k < quads; k += THREADS) {
        total += sum_of_quad(x[base + k]);
    }
    let center = group_sum(total, lane) / f32(params.width);
    let distances = held - center;
    var squares = select(0.0, sum_of_quad(distances * distances), inside);
    for (var k = lane + THREADS; k < quads; k += THREADS) {
        let further = x[base + k] - center;
        squares += sum_of_quad(further * further);
    }
    let variance = group_sum(squares, lane) / f32(params.width);
    let factor = 1.0 / sqrt(variance + params.epsilon);
    if (inside) {
        y[base + own] = Y(distances * factor * gains + biases);
    }
    for (var k = lane + THREADS; k < quads; k += THREADS) {
        y[base + k] = Y((x[base + k] - center) * factor * gain[k] + bias[k]);
    }
    if (lane == 0u) {
        mean[row] = center;
        rstd[row] = factor;
    }
}
