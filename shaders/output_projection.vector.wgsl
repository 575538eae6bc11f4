// logits [N, V] = x [N, D] table [V, D] transposed for few rows: memory bounds it.
// Grid: x 8 columns for each workgroup of 256 threads, y rows. A sum: 32 threads every 32nd k / 4
// upwards, 4 of them at a time, then the threads by halving.

struct Params {
    rows: u32,
    width: u32,
    vocabulary: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> table: array<vec4f>;

const COLUMNS: u32 = 8u;
const SLICES: u32 = 32u; // of k

var<workgroup> sums: array<f32, COLUMNS * SLICES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let quads = params.width / 4u;
    let column = group.x * COLUMNS + lane / SLICES;
    var total = vec4f();
    if (column < params.vocabulary) {
        for (var k = lane % SLICES; k < quads; k += SLICES) {
            total = fma(x[group.y * quads + k], table[column * quads + k], total);
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
