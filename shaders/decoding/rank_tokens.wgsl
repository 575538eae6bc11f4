// Grid: a workgroup of 256 threads for each row. The sum of exponentials: each thread its columns
// upwards, then the threads as group_sum. Else maxima: no order moves them.
// import each_row
// import group_max
// import group_sum
// import gumbel
// import hash

@group(0) @binding(1) var<storage, read_write> offers: array<f32>;
@group(0) @binding(2) var<storage, read> history: array<f32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> token: array<u32>;
@group(0) @binding(5) var<storage, read> position: array<u32>;
@group(0) @binding(6) var<storage, read> lengths: array<u32>;
@group(0) @binding(7) var<storage, read> settings: array<f32>;
@group(0) @binding(8) var<storage, read> key: array<u32>;

const THREADS: u32 = 256u;
const LOWEST: f32 = -3.0e38; // below every logit, and finite: WGSL promises no infinities
const SETTINGS: u32 = 5u; // of a row; the first is the temperature

var<workgroup> chosen: atomic<u32>;

struct Candidate {
    score: f32,
    token: u32,
}

// Whether a token comes behind another: lower, or as high and of a higher id.
fn is_behind(one: Candidate, other: Candidate) -> bool {
    return one.score < other.score || (one.score == other.score && one.token > other.token);
}

// The position of the token that the row's logits follow: the draw has gone on from there.
fn place(row: u32) -> u32 {
    let goes_on = u32(lengths[row] > 0u);
    return max(position[row], goes_on) - goes_on;
}

// A thread's best tokens that are not ranked yet. With two of them few threads have to look twice.
struct Best {
    first: Candidate,
    second: Candidate,
}

fn none() -> Candidate {
    return Candidate(LOWEST, params.vocabulary - 1u);
}

// The best two of a thread's tokens that come behind `last`.
fn best_behind(last: Candidate, row: u32, lane: u32) -> Best {
    let base = row * params.vocabulary;
    let temperature = settings[row * SETTINGS];
    let noise = mix_bits(key[row] ^ place(row));
    var best = Best(none(), none());
    for (var i = params.first + lane; i < params.vocabulary; i += 4u * THREADS) {
        // Loads first: one after another they would wait for memory 4 times.
        let tokens = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
        let places = base + min(tokens, vec4u(params.vocabulary - 1u));
        let own = vec4f(logits[places.x], logits[places.y], logits[places.z], logits[places.w]);
        best = with_token(best, own.x, tokens.x, last, temperature, noise);
        best = with_token(best, own.y, tokens.y, last, temperature, noise);
        best = with_token(best, own.z, tokens.z, last, temperature, noise);
        best = with_token(best, own.w, tokens.w, last, temperature, noise);
    }
    return best;
}

// The best two of `best` and a token after them.
fn with_token(
    best: Best, logit: f32, token: u32, last: Candidate, temperature: f32, noise: u32,
) -> Best {
    var one = Candidate(logit, token);
    if (temperature > 0.0) {
        one.score += temperature * gumbel(element_hash(noise, token));
    }
    if (token >= params.vocabulary || !is_behind(one, last) || !(one.score > best.second.score)) {
        return best;
    }
    if (one.score > best.first.score) {
        return Best(one, best.first);
    }
    return Best(best.first, one);
}

// What is left when the first is ranked.
fn without_first(best: Best, row: u32, lane: u32) -> Best {
    if (best.second.score > LOWEST) {
        return Best(best.second, none());
    }
    return best_behind(best.first, row, lane);
}

// Raw logits of every 256th token from i on; those behind the last are the last one's.
fn history_at(raw: u32, i: u32) -> vec4f {
    let tokens = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
    let places = raw + min(tokens, vec4u(params.vocabulary - 1u));
    return vec4f(history[places.x], history[places.y], history[places.z], history[places.w]);
}

fn rows() -> u32 {
    return params.batch;
}

fn make_row(row: u32, lane: u32) {
    let kept = place(row) % params.block * params.batch + row;
    let raw = kept * (params.vocabulary + 1u);
    let offer = kept * (3u * params.ranks + 3u);
    var best = best_behind(Candidate(-LOWEST, 0u), row, lane);
    for (var rank = 1u; rank <= params.ranks; rank++) {
        if (lane == 0u) {
            atomicStore(&chosen, params.vocabulary - 1u);
        }
        let score = group_max(best.first.score, lane);
        if (best.first.score == score) {
            atomicMin(&chosen, best.first.token); // the lowest of equals
        }
        workgroupBarrier();
        let next = atomicLoad(&chosen);
        if (lane == 0u) {
            offers[offer + rank] = f32(next);
            offers[offer + params.ranks + rank] = score;
            offers[offer + 2u * params.ranks + rank] = history[raw + next];
        }
        if (best.first.token == next) {
            best = without_first(best, row, lane);
        }
        workgroupBarrier(); // behind which all have read the token
    }
    var highest = LOWEST;
    for (var i = params.first + lane; i < params.vocabulary; i += 4u * THREADS) {
        highest = max(highest, max_of_quad(history_at(raw, i)));
    }
    highest = group_max(highest, lane);
    var total = 0.0;
    for (var i = params.first + lane; i < params.vocabulary; i += 4u * THREADS) {
        let tokens = i + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
        let powers = exp(history_at(raw, i) - highest);
        let terms = select(vec4f(), powers, tokens < vec4u(params.vocabulary));
        total = (((total + terms.x) + terms.y) + terms.z) + terms.w;
    }
    total = group_sum(total, lane);
    if (lane == 0u) {
        offers[offer] = f32(token[row]);
        offers[offer + 3u * params.ranks + 1u] = highest;
        offers[offer + 3u * params.ranks + 2u] = log(total);
    }
}
