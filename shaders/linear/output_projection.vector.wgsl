// logits [N, V] = x [N, D] table [V, D] transposed for few rows: memory bounds it.
// Grid: x 8 columns for each workgroup of 256 threads, y rows. A sum: 32 threads every 32nd k / 4
// upwards, 4 of them at a time, then the threads by halving.

@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> table: array<Table>;

alias X = vec4f;
alias Table = vec4f;

const COLUMNS: u32 = 8u;
const SLICES: u32 = 32u; // of k

var<workgroup> sums: array<f32, COLUMNS * SLICES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let quads = params.width / 4u;
    let column = group.x * COLUMNS + lane / SLICES;
    var total = vec4f();
    if (column < params.vocabulary) {
        let from_x = group.y * quads;
        let from_table = column * quads;
        var k = lane % SLICES;
        for (; k + 3u * SLICES < quads; k += 4u * SLICES) {
            // Loads first: one after another they would wait for memory 4 times.
            let x0 = vec4f(x[from_x + k]);
            let x1 = vec4f(x[from_x + k + SLICES]);
            let x2 = vec4f(x[from_x + k + 2u * SLICES]);
            let x3 = vec4f(x[from_x + k + 3u * SLICES]);
            let t0 = vec4f(table[from_table + k]);
            let t1 = vec4f(table[from_table + k + SLICES]);
            let t2 = vec4f(table[from_table + k + 2u * SLICES]);
            let t3 = vec4f(table[from_table + k + 3u * SLICES]);
            total = fma(x3, t3, fma(x2, t2, fma(x1, t1, fma(x0, t0, total))));
        }
        for (; k < quads; k += SLICES) {
            total = fma(vec4f(x[from_x + k]), vec4f(table[from_table + k]), total);
        }
    }
    sums[lane] = (total.x + total.y) + (total.z + total.w);
    for (var span = SLICES / 2u; span > 0u; span /= 2u) {
        workgroupBarrier();
        if (lane % SLICES < span) {
            sums[lane] += sums[lane + span];
        }
    }
    if (lane % SLICES == 0u && column < params.vocabulary) {
        logits[group.y * params.vocabulary + column] = sums[lane];
    }
}
