// Grid: a workgroup of 128 threads for each row; sums in the order of row_norm.
// import each_row
// import one_row
// import row_norm

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> gain: array<f32>;
@group(0) @binding(6) var<storage, read> bias: array<f32>;

alias Y = f32;

const THREADS: u32 = 128u;

fn store(i: u32, inside: bool, value: f32) {
    if (inside) {
        y[i] = Y(value);
    }
}

fn rows() -> u32 {
    return params.rows;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.width;
    let columns = held_columns(lane);
    let inside = columns < vec4u(params.width);
    // On their way before the first sum; those behind the last column are the last one's.
    let i = min(columns, vec4u(params.width - 1u));
    let gains = vec4f(gain[i.x], gain[i.y], gain[i.z], gain[i.w]);
    let biases = vec4f(bias[i.x], bias[i.y], bias[i.z], bias[i.w]);
    let norm = norm_of(row, params.width, lane);
    let distances = norm.distances;
    store(base + columns.x, inside.x, distances[0] * norm.factor * gains.x + biases.x);
    store(base + columns.y, inside.y, distances[1] * norm.factor * gains.y + biases.y);
    store(base + columns.z, inside.z, distances[2] * norm.factor * gains.z + biases.z);
    store(base + columns.w, inside.w, distances[3] * norm.factor * gains.w + biases.w);
    for (var k = lane + HELD; k < params.width; k += THREADS) {
        y[base + k] = Y((x[base + k] - norm.center) * norm.factor * gain[k] + bias[k]);
    }
    if (lane == 0u) {
        mean[row] = norm.center;
        rstd[row] = norm.factor;
    }
}
