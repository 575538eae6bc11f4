// y [N, O] = x [N, I] weight [I, O] + bias [O] for few rows: memory bounds it, not arithmetic.
// Grid: x 16 columns for each workgroup of 256 threads, y rows. A sum: 64 threads every 64th k
// upwards, then the threads by halving.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> weight: array<Weight>;
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;

alias Y = vec4f;
alias X = f32;
alias Weight = vec4f;

const QUADS: u32 = 4u; // of columns
const SLICES: u32 = 64u; // of k

var<workgroup> sums: array<vec4f, QUADS * SLICES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let width = params.outputs / 4u;
    let quad = group.x * QUADS + lane % QUADS;
    var total = vec4f();
    if (quad < width) {
        let row = group.y * params.inputs;
        var k = lane / QUADS;
        for (; k + 3u * SLICES < params.inputs; k += 4u * SLICES) {
            // Loads first: one after another they would wait for memory 4 times.
            let x0 = vec4f(f32(x[row + k]));
            let x1 = vec4f(f32(x[row + k + SLICES]));
            let x2 = vec4f(f32(x[row + k + 2u * SLICES]));
            let x3 = vec4f(f32(x[row + k + 3u * SLICES]));
            let w0 = vec4f(weight[k * width + quad]);
            let w1 = vec4f(weight[(k + SLICES) * width + quad]);
            let w2 = vec4f(weight[(k + 2u * SLICES) * width + quad]);
            let w3 = vec4f(weight[(k + 3u * SLICES) * width + quad]);
            total = fma(x3, w3, fma(x2, w2, fma(x1, w1, fma(x0, w0, total))));
        }
        for (; k < params.inputs; k += SLICES) {
            total = fma(vec4f(f32(x[row + k])), vec4f(weight[k * width + quad]), total);
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
        y[group.y * width + quad] = Y(sums[lane] + bias[quad]);
    }
}
