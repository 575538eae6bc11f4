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

// The best of a thread's tokens that come behind `last`.
fn best_behind(last: Candidate, row: u32, lane: u32) -> Candidate {
    let temperature = settings[row * SETTINGS];
    let noise = mix_bits(key[row] ^ place(row));
    var best = Candidate(LOWEST, params.vocabulary - 1u);
    for (var i = params.first + lane; i < params.vocabulary; i += THREADS) {
        var one = Candidate(logits[row * params.vocabulary + i], i);
        if (temperature > 0.0) {
            one.score += temperature * gumbel(element_hash(noise, i));
        }
        if (one.score > best.score && is_behind(one, last)) {
            best = one;
        }
    }
    return best;
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
        let score = group_max(best.score, lane);
        if (best.score == score) {
            atomicMin(&chosen, best.token); // the lowest of equals
        }
        workgroupBarrier();
        let next = atomicLoad(&chosen);
        if (lane == 0u) {
            offers[offer + rank] = f32(next);
            offers[offer + params.ranks + rank] = score;
            offers[offer + 2u * params.ranks + rank] = history[raw + next];
        }
        if (best.token == next) {
            best = best_behind(Candidate(score, next), row, lane);
        }
        workgroupBarrier(); // behind which all have read the token
    }
    var highest = LOWEST;
    for (var i = params.first + lane; i < params.vocabulary; i += THREADS) {
        highest = max(highest, history[raw + i]);
    }
    highest = group_max(highest, lane);
    var total = 0.0;
    for (var i = params.first + lane; i < params.vocabulary; i += THREADS) {
        total += exp(history[raw + i] - highest);
    }
    total = group_sum(total, lane);
    if (lane == 0u) {
        offers[offer] = f32(token[row]);
        offers[offer + 3u * params.ranks + 1u] = highest;
        offers[offer + 3u * params.ranks + 2u] = log(total);
    }
}
