// For few queries, as in decoding: a thread for each key, then one for each 4 columns.
// Grid: x queries, y heads, z batch; 256 threads. One pass over the keys in blocks of 256 with a
// running maximum. Order: products over e upwards; sums over keys by slices, then these upwards.
// import group_max
// import group_sum

struct Params {
    batch: u32,
    queries: u32,
    sources: u32,
    keys: u32,
    width: u32,
    heads: u32,
    causal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<Q>;
@group(0) @binding(4) var<storage, read> kv: array<Kv>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;

alias Y = vec4f;
alias Q = vec4f;
alias Kv = vec4f;

const THREADS: u32 = 256u;
const LOWEST: f32 = -3.0e38; // below every score, and finite: WGSL promises no infinities

var<workgroup> powers: array<f32, THREADS>; // exp(score - maximum) of the block's keys
var<workgroup> parts: array<vec4f, THREADS>; // of y: [slice][quad]

// The product of a query and a key, both given by their first quads.
fn score(query: u32, key: u32, quads: u32) -> f32 {
    var total = vec4f();
    var e = 0u;
    for (; e + 3u < quads; e += 4u) {
        // Loads first: one after another they would wait for memory 4 times.
        let k0 = vec4f(kv[key + e]);
        let k1 = vec4f(kv[key + e + 1u]);
        let k2 = vec4f(kv[key + e + 2u]);
        let k3 = vec4f(kv[key + e + 3u]);
        let q0 = vec4f(q[query + e]);
        let q1 = vec4f(q[query + e + 1u]);
        let q2 = vec4f(q[query + e + 2u]);
        let q3 = vec4f(q[query + e + 3u]);
        total = fma(q3, k3, fma(q2, k2, fma(q1, k1, fma(q0, k0, total))));
    }
    for (; e < quads; e++) {
        total = fma(vec4f(q[query + e]), vec4f(kv[key + e]), total);
    }
    return (total.x + total.y) + (total.z + total.w);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let stride = params.width / 4u;
    let quads = stride / params.heads; // of a head
    let slices = THREADS / quads; // of keys
    let head = group.y * quads;
    let row = group.z * params.queries + group.x;
    let scale = 1.0 / sqrt(f32(quads * 4u));
    var top = LOWEST;
    var total = 0.0;
    var part = vec4f();
    for (var source = 0u; source < params.sources; source++) {
        let sequence = group.z * params.sources + source;
        var reach = min(lengths[sequence], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, group.x + 1u);
        }
        for (var start = 0u; start < reach; start += THREADS) {
            let first = (sequence * params.keys + start) * 2u * stride + head;
            var own = LOWEST;
            if (start + lane < reach) {
                own = scale * score(row * stride + head, first + lane * 2u * stride, quads);
            }
            let before = top;
            top = max(top, group_max(own, lane));
            let power = select(0.0, exp(own - top), start + lane < reach);
            powers[lane] = power;
            let shrink = exp(before - top); // what was summed with the old maximum
            total = total * shrink + group_sum(power, lane);
            part *= shrink;
            let end = min(reach - start, THREADS);
            for (var key = lane / quads; key < end && lane < slices * quads; key += slices) {
                let value = first + (key * 2u + 1u) * stride + lane % quads;
                part = fma(vec4f(powers[key]), vec4f(kv[value]), part);
            }
        }
    }
    parts[lane] = part;
    workgroupBarrier();
    if (lane < quads) {
        for (var slice = 1u; slice < slices; slice++) {
            part += parts[slice * quads + lane];
        }
        // Over no keys the result is 0.
        y[row * stride + head + lane] = Y(select(part / total, vec4f(), total == 0.0));
    }
    if (lane == 0u) {
        lse[row * params.heads + group.y] = select(top + log(total), 0.0, total == 0.0);
    }
}
