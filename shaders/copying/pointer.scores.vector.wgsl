// Products of few queries with keys, to be made shares of, where D is in fours:
// q [B, T, D] k [B, K*S, D] transposed.
// Grid: x 8 keys for each workgroup of 256 threads, y queries, z batch. A sum: 32 threads every
// 32nd quad upwards, then the threads by halving.

@group(0) @binding(1) var<storage, read_write> shares: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<vec4f>;
@group(0) @binding(4) var<storage, read> k: array<vec4f>;

const KEYS: u32 = 8u; // of a workgroup
const SHARERS: u32 = 32u; // threads of a key

var<workgroup> sums: array<f32, KEYS * SHARERS>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let quads = params.width / 4u;
    let span = params.sources * params.keys;
    let query = group.z * params.queries + group.y;
    let own = group.x * KEYS + lane / SHARERS;
    let key = group.z * span + min(own, span - 1u);
    var total = vec4f();
    for (var i = lane % SHARERS; i < quads; i += 4u * SHARERS) {
        // Loads first: one after another they would wait for memory 4 times. Quads behind the last
        // are read as the last one, and count nothing.
        let places = vec4u(i, i + SHARERS, i + 2u * SHARERS, i + 3u * SHARERS);
        let at = min(places, vec4u(quads - 1u));
        let k0 = k[key * quads + at.x];
        let k1 = k[key * quads + at.y];
        let k2 = k[key * quads + at.z];
        let k3 = k[key * quads + at.w];
        let q0 = q[query * quads + at.x];
        let q1 = q[query * quads + at.y];
        let q2 = q[query * quads + at.z];
        let q3 = q[query * quads + at.w];
        let products = vec4f(dot(q0, k0), dot(q1, k1), dot(q2, k2), dot(q3, k3));
        total += select(vec4f(), products, places < vec4u(quads));
    }
    sums[lane] = (total.x + total.y) + (total.z + total.w);
    for (var threads = SHARERS / 2u; threads > 0u; threads /= 2u) {
        workgroupBarrier();
        if (lane % SHARERS < threads) {
            sums[lane] += sums[lane + threads];
        }
    }
    if (lane % SHARERS == 0u && own < span) {
        shares[query * span + own] = sums[lane];
    }
}
