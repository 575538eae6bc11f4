// For few queries, as in decoding, where all time is waiting: a block's keys and values are loaded
// at once, and threads meet as seldom as can be.
// Grid: x queries, y heads, z batch; 256 threads. One pass over the keys in blocks of 128 with a
// running maximum. Order: of a score, 8 threads every 8th quad upwards, then these by halving; of
// sums over keys, by slices upwards, then these by fours. It depends on the width of a head alone.
// import attention_arguments
// import quad_folds

const THREADS: u32 = 256u;
const BLOCK: u32 = 128u; // keys
const SHARERS: u32 = 8u; // threads that make a score
const SLOTS: u32 = THREADS / SHARERS; // keys that they make at a time

alias Values = array<vec4f, 8>;

struct Sum {
    part: vec4f, // of 4 columns of y
    total: f32, // of the powers
}

var<workgroup> products: array<vec4f, BLOCK * SHARERS / 4u>; // [key][sharer]
var<workgroup> scores: array<vec4f, BLOCK / 4u>;
var<workgroup> tops: array<vec4f, BLOCK / 32u>; // maxima of 8 scores each
var<workgroup> powers: array<f32, BLOCK>; // exp(score - maximum)
var<workgroup> sums: array<Sum, THREADS>; // [slice][quad]

// A thread's share of the scores of 4 keys, one of each quarter of a block. Those behind `last` are
// read as the last one: what comes of them is not used.
fn shares(query: u32, keys: u32, lane: u32, last: u32) -> vec4f {
    let quads = params.width / params.heads / 4u;
    let slots = vec4u(0u, SLOTS, 2u * SLOTS, 3u * SLOTS) + lane / SHARERS;
    let key = keys + min(slots, vec4u(last)) * (params.width / 2u);
    var sum = vec4f();
    for (var e = lane % SHARERS; e < quads; e += 2u * SHARERS) {
        let f = min(e + SHARERS, quads - 1u);
        // Loads first: one after another they would wait for memory 10 times.
        let q0 = vec4f(q[query + e]);
        let q1 = select(vec4f(), vec4f(q[query + f]), e + SHARERS < quads);
        let a0 = vec4f(kv[key.x + e]);
        let b0 = vec4f(kv[key.y + e]);
        let c0 = vec4f(kv[key.z + e]);
        let d0 = vec4f(kv[key.w + e]);
        let a1 = vec4f(kv[key.x + f]);
        let b1 = vec4f(kv[key.y + f]);
        let c1 = vec4f(kv[key.z + f]);
        let d1 = vec4f(kv[key.w + f]);
        sum += vec4f(dot(q0, a0), dot(q0, b0), dot(q0, c0), dot(q0, d0));
        sum += vec4f(dot(q1, a1), dot(q1, b1), dot(q1, c1), dot(q1, d1));
    }
    return sum;
}

// Quads of 8 keys' values, `step` keys apart; those behind `last` are read as the last one.
fn load(values: u32, key: u32, step: u32, last: u32) -> Values {
    return Values(
        load_one(values, min(key, last)),
        load_one(values, min(key + step, last)),
        load_one(values, min(key + 2u * step, last)),
        load_one(values, min(key + 3u * step, last)),
        load_one(values, min(key + 4u * step, last)),
        load_one(values, min(key + 5u * step, last)),
        load_one(values, min(key + 6u * step, last)),
        load_one(values, min(key + 7u * step, last)),
    );
}

fn load_one(values: u32, key: u32) -> vec4f {
    return vec4f(kv[values + key * (params.width / 2u)]);
}

// Adds what load() has read, times the powers.
fn add(own: Sum, values: Values, key: u32, step: u32, end: u32) -> Sum {
    var sum = add_one(own, values[0], key, end);
    sum = add_one(sum, values[1], key + step, end);
    sum = add_one(sum, values[2], key + 2u * step, end);
    sum = add_one(sum, values[3], key + 3u * step, end);
    sum = add_one(sum, values[4], key + 4u * step, end);
    sum = add_one(sum, values[5], key + 5u * step, end);
    sum = add_one(sum, values[6], key + 6u * step, end);
    return add_one(sum, values[7], key + 7u * step, end);
}

fn add_one(sum: Sum, value: vec4f, key: u32, end: u32) -> Sum {
    let power = select(0.0, powers[min(key, BLOCK - 1u)], key < end);
    return Sum(fma(vec4f(power), value, sum.part), sum.total + power);
}

// The score of the thread's own key, LOWEST from the end on; the maxima of all are in tops.
fn score(share: vec4f, lane: u32, end: u32) -> f32 {
    const QUARTER = THREADS / 4u; // of products, in quads
    products[lane / 4u][lane % 4u] = share.x;
    products[QUARTER + lane / 4u][lane % 4u] = share.y;
    products[2u * QUARTER + lane / 4u][lane % 4u] = share.z;
    products[3u * QUARTER + lane / 4u][lane % 4u] = share.w;
    workgroupBarrier();
    var own = LOWEST;
    if (lane < end) {
        let halves = products[2u * lane] + products[2u * lane + 1u];
        own = (halves.x + halves.y) + (halves.z + halves.w);
    }
    if (lane < BLOCK) {
        scores[lane / 4u][lane % 4u] = own;
    }
    workgroupBarrier();
    if (lane < BLOCK / 8u) {
        tops[lane / 4u][lane % 4u] = max_of_quad(max(scores[2u * lane], scores[2u * lane + 1u]));
    }
    workgroupBarrier();
    return own;
}

// The sum over all slices, for the threads of the first one.
fn sum_slices(own: Sum, lane: u32, slices: u32, quads: u32) -> Sum {
    var sum = own;
    sums[lane] = own;
    for (var left = slices; left > 1u; left = (left + 3u) / 4u) {
        let quarter = (left + 3u) / 4u * quads;
        workgroupBarrier();
        if (lane < quarter) {
            for (var i = lane + quarter; i < left * quads; i += quarter) {
                sum = Sum(sum.part + sums[i].part, sum.total + sums[i].total);
            }
            sums[lane] = sum;
        }
    }
    return sum;
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
    var sum = Sum();
    for (var source = 0u; source < params.sources; source++) {
        let sequence = group.z * params.sources + source;
        var reach = min(lengths[sequence], params.keys);
        if (params.causal != 0u) {
            reach = min(reach, group.x + 1u);
        }
        for (var start = 0u; start < reach; start += BLOCK) {
            let end = min(reach - start, BLOCK);
            let keys = (sequence * params.keys + start) * 2u * stride + head;
            let values = keys + stride + lane % quads;
            var key = lane / quads;
            var loaded = load(values, key, slices, end - 1u);
            let share = scale * shares(row * stride + head, keys, lane, end - 1u);
            let own = score(share, lane, end);
            let before = top;
            top = max(top, max_of_quad(max(max(tops[0], tops[1]), max(tops[2], tops[3]))));
            if (lane < BLOCK) {
                powers[lane] = exp(own - top);
            }
            workgroupBarrier();
            let shrink = exp(before - top); // what was summed with the old maximum
            sum = Sum(sum.part * shrink, sum.total * shrink);
            while (key < end) {
                sum = add(sum, loaded, key, slices, end);
                key += 8u * slices;
                if (key < end) {
                    loaded = load(values, key, slices, end - 1u);
                }
            }
        }
    }
    sum = sum_slices(sum, lane, slices, quads);
    // Over no keys the result is 0.
    if (lane < quads) {
        y[row * stride + head + lane] = Y(select(sum.part / sum.total, vec4f(), sum.total == 0.0));
    }
    if (lane == 0u) {
        lse[row * params.heads + group.y] = select(top + log(sum.total), 0.0, sum.total == 0.0);
    }
}
