// Grid: a workgroup of 256 threads for each row. A sum for top-p: each thread its columns upwards,
// then the threads as group_sum. Else maxima and sums of integers: no order moves them.
// import each_row
// import group_max
// import group_sum
// import gumbel
// import hash
// import radix_select

@group(0) @binding(1) var<storage, read_write> token: array<u32>;
@group(0) @binding(2) var<storage, read_write> position: array<u32>;
@group(0) @binding(3) var<storage, read_write> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> history: array<f32>;
@group(0) @binding(5) var<storage, read> logits: array<f32>;
@group(0) @binding(6) var<storage, read> settings: array<f32>;
@group(0) @binding(7) var<storage, read> key: array<u32>;

const THREADS: u32 = 256u;
const LOWEST: f32 = -3.0e38; // below every logit, and finite: WGSL promises no infinities
const SETTINGS: u32 = 5u; // of a row: temperature, top-k, top-p, min-p, repetition penalty
const WHOLE: f32 = 2147483648.0; // what all probability counts in whole numbers, 2^31

var<workgroup> chosen: atomic<u32>;
var<private> top: f32; // the row's highest logit
var<private> mass: f32; // what exp(logit - top) is multiplied by to weigh; 0 where each weighs 1

fn values_at(places: vec4u) -> vec4f {
    return vec4f(logits[places.x], logits[places.y], logits[places.z], logits[places.w]);
}

fn weight(logit: f32) -> u32 {
    if (mass == 0.0) {
        return 1u;
    }
    return u32(exp(logit - top) * mass + 0.5);
}

// The lowest logit that top-k, top-p and min-p keep, of elements first to end.
fn threshold(row: u32, first: u32, end: u32, lane: u32) -> f32 {
    let top_k = u32(settings[row * SETTINGS + 1u]);
    let top_p = settings[row * SETTINGS + 2u];
    let min_p = settings[row * SETTINGS + 3u];
    if (top_k == 0u && top_p >= 1.0 && min_p <= 0.0) {
        return LOWEST;
    }
    var highest = LOWEST;
    for (var i = first + lane; i < end; i += 4u * THREADS) {
        let places = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
        highest = max(highest, max_of_quad(values_at(min(places, vec4u(end - 1u)))));
    }
    top = group_max(highest, lane);
    var lowest = LOWEST;
    if (min_p > 0.0) {
        lowest = top + log(min_p);
    }
    mass = 0.0;
    if (top_k > 0u) {
        lowest = max(lowest, radix_select(first, end, top_k, LOWEST, lane));
    }
    if (top_p < 1.0) {
        var total = 0.0;
        for (var i = first + lane; i < end; i += 4u * THREADS) {
            let places = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
            let powers = exp(values_at(min(places, vec4u(end - 1u))) - top);
            let terms = select(vec4f(), powers, places < vec4u(end));
            total = (((total + terms.x) + terms.y) + terms.z) + terms.w;
        }
        mass = WHOLE / group_sum(total, lane);
        lowest = max(lowest, radix_select(first, end, u32(top_p * WHOLE), LOWEST, lane));
    }
    return lowest;
}

struct Candidate {
    score: f32,
    token: u32,
}

// The better of `best` and a token after it that is kept.
fn better(
    best: Candidate, logit: f32, token: u32, lowest: f32, temperature: f32, noise: u32,
) -> Candidate {
    var score = logit;
    if (temperature > 0.0) {
        score += temperature * gumbel(element_hash(noise, token));
    }
    if (token < params.vocabulary && logit >= lowest && score > best.score) {
        return Candidate(score, token);
    }
    return best;
}

fn rows() -> u32 {
    return params.batch;
}

fn make_row(row: u32, lane: u32) {
    let base = row * params.vocabulary;
    let end = base + params.vocabulary;
    let temperature = settings[row * SETTINGS];
    let lowest = threshold(row, base + params.first, end, lane);
    let noise = mix_bits(key[row] ^ position[row]);
    var best = Candidate(LOWEST, params.vocabulary - 1u);
    for (var i = params.first + lane; i < params.vocabulary; i += 4u * THREADS) {
        // Loads first: one after another they would wait for memory 4 times.
        let places = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
        let own = values_at(base + min(places, vec4u(params.vocabulary - 1u)));
        best = better(best, own.x, places.x, lowest, temperature, noise);
        best = better(best, own.y, places.y, lowest, temperature, noise);
        best = better(best, own.z, places.z, lowest, temperature, noise);
        best = better(best, own.w, places.w, lowest, temperature, noise);
    }
    if (lane == 0u) {
        atomicStore(&chosen, params.vocabulary - 1u);
    }
    if (best.score == group_max(best.score, lane)) {
        atomicMin(&chosen, best.token); // the lowest of equals
    }
    workgroupBarrier();
    if (lane == 0u) {
        let drawn = atomicLoad(&chosen);
        let kept = position[row] % params.block * params.batch + row;
        history[kept * (params.vocabulary + 1u) + params.vocabulary] = f32(drawn);
        token[row] = drawn;
        let goes_on = u32(lengths[row] > 0u);
        position[row] += goes_on;
        lengths[row] += goes_on;
    }
}
