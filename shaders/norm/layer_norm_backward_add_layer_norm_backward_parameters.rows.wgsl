// dx of rows, and their parts of dgain and dbias, of one read of x and dy.
// Grid: workgroups of 256 threads, each a range of rows, so many at a time that 64, 128 or 256
// threads hold one in 2 quads each. Sums over a row: of a thread's quads, then of every 8th thread
// of 64 upwards, then these. Parts: a thread's rows upwards, then those side by side.
// import quad_folds

@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read> dy: array<Dy>;
@group(0) @binding(5) var<storage, read> x: array<vec4f>;
@group(0) @binding(6) var<storage, read> gain: array<vec4f>;
@group(0) @binding(7) var<storage, read> mean: array<f32>;
@group(0) @binding(8) var<storage, read> rstd: array<f32>;
@group(0) @binding(9) var<storage, read> addend: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> partials: array<vec4f>; // [range][dgain, dbias]

alias Dy = vec4f;
alias Pair = array<vec4f, 2>; // a thread's quads of a row

const THREADS: u32 = 256u;

var<workgroup> terms: array<vec2f, THREADS>;
var<workgroup> eighths: array<vec2f, THREADS / 8u>;
var<workgroup> sums: array<vec4f, 2u * THREADS>;

// The sums over the threads of a row; called by all threads.
fn row_sums(term: vec2f, lane: u32, span: u32) -> vec2f {
    terms[lane] = term;
    workgroupBarrier(); // behind which all have read the eighths of an earlier sum, too
    if (lane < THREADS / 8u) {
        let first = lane / 8u * 64u + lane % 8u;
        var eighth = terms[first];
        for (var i = 1u; i < 8u; i++) {
            eighth += terms[first + i * 8u];
        }
        eighths[lane] = eighth;
    }
    workgroupBarrier();
    var total = vec2f();
    for (var start = lane / span * span; start < (lane / span + 1u) * span; start += 64u) {
        for (var i = 0u; i < 8u; i++) {
            total += eighths[start / 8u + i];
        }
    }
    return total;
}

// Stores the parts of dgain and dbias of one quad of each thread; called by all threads.
fn store_parts(gains: vec4f, biases: vec4f, range: u32, lane: u32, span: u32, quad: u32) {
    workgroupBarrier(); // what is overwritten has been read
    sums[lane] = gains;
    sums[THREADS + lane] = biases;
    workgroupBarrier();
    let quads = params.width / 4u;
    if (lane < span && quad < quads) {
        for (var kind = 0u; kind < 2u; kind++) {
            var total = sums[kind * THREADS + lane];
            for (var i = lane + span; i < THREADS; i += span) {
                total += sums[kind * THREADS + i];
            }
            partials[(range * 2u + kind) * quads + quad] = total;
        }
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let quads = params.width / 4u;
    let span = select(select(256u, 128u, quads <= 256u), 64u, quads <= 128u);
    let together = THREADS / span;
    let count = (params.rows + groups.x * together - 1u) / (groups.x * together) * together;
    let begin = group.x * count;
    let own = lane % span;
    let near = min(own, quads - 1u);
    let far = min(own + span, quads - 1u);
    let inside = vec2f(f32(own < quads), f32(own + span < quads));
    let gains = Pair(gain[near], gain[far]);
    var gain_parts = Pair();
    var bias_parts = Pair();
    for (var start = begin; start < min(begin + count, params.rows); start += together) {
        let row = min(start + lane / span, params.rows - 1u);
        let here = f32(start + lane / span < params.rows) * inside;
        let i = row * quads + near;
        let j = row * quads + far;
        let slopes = Pair(vec4f(dy[i]) * here.x, vec4f(dy[j]) * here.y);
        let added = Pair(addend[i], addend[j]);
        let factor = rstd[row];
        let normal = Pair((x[i] - mean[row]) * factor, (x[j] - mean[row]) * factor);
        gain_parts[0] += slopes[0] * normal[0];
        gain_parts[1] += slopes[1] * normal[1];
        bias_parts[0] += slopes[0];
        bias_parts[1] += slopes[1];
        let above = Pair(slopes[0] * gains[0], slopes[1] * gains[1]);
        let along = sum_of_quad(above[0] * normal[0]) + sum_of_quad(above[1] * normal[1]);
        let both = vec2f(sum_of_quad(above[0]) + sum_of_quad(above[1]), along);
        let average = row_sums(both, lane, span) / f32(params.width);
        if (here.x > 0.0) {
            dx[i] = (above[0] - average.x - normal[0] * average.y) * factor + added[0];
        }
        if (here.y > 0.0) {
            dx[j] = (above[1] - average.x - normal[1] * average.y) * factor + added[1];
        }
    }
    store_parts(gain_parts[0], bias_parts[0], group.x, lane, span, own);
    store_parts(gain_parts[1], bias_parts[1], group.x, lane, span, own + span);
}
