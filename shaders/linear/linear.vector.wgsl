// y [N, O] = x [N, I] weight [I, O] + bias [O] for few rows: waiting for memory bounds it, not
// arithmetic.
// Grid: x 16 columns for each workgroup of 256 threads, y rows, or fours of them that share what is
// read of weights. A sum: 64 threads every 64th k upwards, then the threads by fours.
// also linear.several: sums_of_four_rows for sums_of_one_row
// import quads
// import sums_of_one_row
// import operand
// import finish
// import place

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;

alias Y = vec4f;
alias X = f32;
alias Weight = vec4f;

const THREADS: u32 = 256u;
const QUADS: u32 = 4u; // of columns
const SLICES: u32 = 64u; // of k
const STEP: u32 = 8u * SLICES; // k that the threads take at once

alias Loads = array<Weight, 8>; // weights of every 64th k

var<workgroup> sums: array<vec4f, QUADS * SLICES>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let first = group.y * ROWS;
    let width = params.outputs / 4u;
    let own = group.x * QUADS + lane % QUADS;
    let quad = min(own, width - 1u);
    // On their way while the rows are prepared:
    var loads = load(lane / QUADS, quad);
    let start = bias[quad];
    let row = first + lane / (THREADS / ROWS); // of which this thread may store the sum
    let i = place(min(row, params.rows - 1u)) * width + quad;
    let other = beside(i);
    prepare(first, lane);
    var totals = Totals();
    for (var k = lane / QUADS; k < params.inputs; k += STEP) {
        let next = load(k + STEP, quad);
        totals = with_products(totals, x_at(first, k), vec4f(loads[0]));
        totals = with_products(totals, x_at(first, k + SLICES), vec4f(loads[1]));
        totals = with_products(totals, x_at(first, k + 2u * SLICES), vec4f(loads[2]));
        totals = with_products(totals, x_at(first, k + 3u * SLICES), vec4f(loads[3]));
        totals = with_products(totals, x_at(first, k + 4u * SLICES), vec4f(loads[4]));
        totals = with_products(totals, x_at(first, k + 5u * SLICES), vec4f(loads[5]));
        totals = with_products(totals, x_at(first, k + 6u * SLICES), vec4f(loads[6]));
        totals = with_products(totals, x_at(first, k + 7u * SLICES), vec4f(loads[7]));
        loads = next;
    }
    let total = sum_of_slices(totals, lane);
    if (lane % (THREADS / ROWS) < QUADS && own < width && row < params.rows) {
        y[i] = Y(finish(i, total + start, other));
    }
}

fn load(k: u32, quad: u32) -> Loads {
    return Loads(
        weight_at(k, quad),
        weight_at(k + SLICES, quad),
        weight_at(k + 2u * SLICES, quad),
        weight_at(k + 3u * SLICES, quad),
        weight_at(k + 4u * SLICES, quad),
        weight_at(k + 5u * SLICES, quad),
        weight_at(k + 6u * SLICES, quad),
        weight_at(k + 7u * SLICES, quad),
    );
}

// Rows behind the last are read as the last one, and count nothing by x_at().
fn weight_at(k: u32, quad: u32) -> Weight {
    return weight[min(k, params.inputs - 1u) * (params.outputs / 4u) + quad];
}

fn x_at(first: u32, k: u32) -> OfRows {
    return select(OfRows(), operands(first, min(k, params.inputs - 1u)), k < params.inputs);
}
