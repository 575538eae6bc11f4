// logits [N, V] = x [N, D] table [V, D] transposed for some rows: each number that is read serves
// several sums.
// Grid: x 16 columns for each workgroup of 256 threads, y 8 rows. A sum has the bits that `vector`
// gives it: 32 threads every 32nd k / 4 upwards, then the threads by halving.
// import quad_folds

@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> table: array<Table>;

alias X = vec4f;
alias Table = vec4f;

const ROWS: u32 = 8u;
const COLUMNS: u32 = 16u; // two neighbours for each thread
const SLICES: u32 = 32u; // of k
const SUMS: u32 = ROWS * COLUMNS;

var<workgroup> sums: array<f32, SUMS * SLICES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let quads = params.width / 4u;
    let slice = lane % SLICES;
    let column = lane / SLICES * 2u;
    let first = group.y * ROWS;
    // Those behind the last are read as the last: what comes of them is not stored.
    let from_table = min(
        group.x * COLUMNS + column + vec2u(0u, 1u), vec2u(params.vocabulary - 1u)
    ) * quads;
    let last = vec4u(params.rows - 1u);
    let upper = min(first + vec4u(0u, 1u, 2u, 3u), last) * quads;
    let lower = min(first + vec4u(4u, 5u, 6u, 7u), last) * quads;
    var one = array<vec4f, ROWS>(); // sums of the first column
    var two = array<vec4f, ROWS>();
    for (var k = slice; k < quads; k += SLICES) {
        let t1 = vec4f(table[from_table.x + k]);
        let t2 = vec4f(table[from_table.y + k]);
        let x0 = vec4f(x[upper.x + k]);
        let x1 = vec4f(x[upper.y + k]);
        let x2 = vec4f(x[upper.z + k]);
        let x3 = vec4f(x[upper.w + k]);
        let x4 = vec4f(x[lower.x + k]);
        let x5 = vec4f(x[lower.y + k]);
        let x6 = vec4f(x[lower.z + k]);
        let x7 = vec4f(x[lower.w + k]);
        one[0] = fma(x0, t1, one[0]);
        one[1] = fma(x1, t1, one[1]);
        one[2] = fma(x2, t1, one[2]);
        one[3] = fma(x3, t1, one[3]);
        one[4] = fma(x4, t1, one[4]);
        one[5] = fma(x5, t1, one[5]);
        one[6] = fma(x6, t1, one[6]);
        one[7] = fma(x7, t1, one[7]);
        two[0] = fma(x0, t2, two[0]);
        two[1] = fma(x1, t2, two[1]);
        two[2] = fma(x2, t2, two[2]);
        two[3] = fma(x3, t2, two[3]);
        two[4] = fma(x4, t2, two[4]);
        two[5] = fma(x5, t2, two[5]);
        two[6] = fma(x6, t2, two[6]);
        two[7] = fma(x7, t2, two[7]);
    }
    put(0u, column, slice, one[0], two[0]);
    put(1u, column, slice, one[1], two[1]);
    put(2u, column, slice, one[2], two[2]);
    put(3u, column, slice, one[3], two[3]);
    put(4u, column, slice, one[4], two[4]);
    put(5u, column, slice, one[5], two[5]);
    put(6u, column, slice, one[6], two[6]);
    put(7u, column, slice, one[7], two[7]);
    workgroupBarrier();
    let row = first + lane / COLUMNS;
    let own = group.x * COLUMNS + lane % COLUMNS;
    if (lane < SUMS && row < params.rows && own < params.vocabulary) {
        logits[row * params.vocabulary + own] = sum_of_slices(lane);
    }
}

fn put(row: u32, column: u32, slice: u32, one: vec4f, two: vec4f) {
    sums[place(row * COLUMNS + column, slice)] = sum_of_quad(one);
    sums[place(row * COLUMNS + column + 1u, slice)] = sum_of_quad(two);
}

// Where a slice of a sum lies: neighbouring threads write and read different banks.
fn place(i: u32, slice: u32) -> u32 {
    return slice * SUMS + (i ^ slice);
}

fn slices(i: u32, first: u32) -> vec4f {
    return vec4f(
        sums[place(i, first)],
        sums[place(i, first + 1u)],
        sums[place(i, first + 2u)],
        sums[place(i, first + 3u)],
    );
}

fn sum_of_slices(i: u32) -> f32 {
    let even = (slices(i, 0u) + slices(i, 16u)) + (slices(i, 8u) + slices(i, 24u));
    let odd = (slices(i, 4u) + slices(i, 20u)) + (slices(i, 12u) + slices(i, 28u));
    let quad = even + odd;
    return (quad.x + quad.z) + (quad.y + quad.w);
}
