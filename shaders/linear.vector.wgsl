// y [N, O] = x [N, I] weight [I, O] + bias [O] for few rows: memory bounds it, not arithmetic.
// Grid: x 16 columns for each workgroup of 256 threads, y rows. A sum: 64 threads every 64th k
// upwards, then the threads by halving.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;

const QUADS: u32 = 4u; // of columns
const SLICES: u32 = 64u; // of k

var<workgroup> sums: array<vec4f, QUADS * SLICES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let width = params.outputs / 4u;
    let quad = group.x * QUADS + lane % QUADS;
    var total = vec4f();
    if (quad < width) {
        for (var k = lane / QUADS; k < params.inputs; k += SLICES) {
            total = fma(vec4f(x[group.y * params.inputs + k]), weight[k * width + quad], total);
        }
    }
    sums[lane] = total;
    for (var span = SLICES / 2u; span > 0u; span /= 2u) {
        workgroupBarrier();
        if (lane < span * QUADS) {
            sums[lane] += sums[lane + span * QUADS];
        }
    }
    if (lane < QUADS && quad < width) {
        y[group.y * width + quad] = sums[lane] + bias[quad];
    }
}
