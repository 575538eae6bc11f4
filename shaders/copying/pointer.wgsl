// Shares of the source positions, from the products of pointer.scores in their place.
// Grid: a workgroup of 256 threads for each row. A sum: each thread its positions upwards,
// then the threads as group_sum.
// import each_row
// import group_sum
// import group_max

@group(0) @binding(1) var<storage, read_write> shares: array<f32>;
@group(0) @binding(2) var<storage, read_write> log_rest: array<f32>;
@group(0) @binding(5) var<storage, read> gate: array<f32>;
@group(0) @binding(6) var<storage, read> ids: array<u32>;
@group(0) @binding(7) var<storage, read> lengths: array<u32>;

const THREADS: u32 = 256u;
const LOWEST: f32 = -3.0e38; // below every score, and finite: WGSL promises no infinities

// Whether position i of a sequence's sources may be pointed at.
fn offered(sequence: u32, i: u32) -> bool {
    let length = lengths[sequence * params.sources + i / params.keys];
    let id = ids[sequence * params.sources * params.keys + i];
    return i % params.keys < length && id >= params.first;
}

fn rows() -> u32 {
    return params.batch * params.queries;
}

fn make_row(row: u32, lane: u32) {
    let sequence = row / params.queries;
    let span = params.sources * params.keys;
    let base = row * span;
    let scale = 1.0 / sqrt(f32(params.width));
    var highest = LOWEST;
    for (var i = lane; i < span; i += THREADS) {
        if (offered(sequence, i)) {
            highest = max(highest, scale * shares[base + i]);
        }
    }
    let top = group_max(highest, lane);
    var powers = 0.0;
    for (var i = lane; i < span; i += THREADS) {
        var power = 0.0;
        if (offered(sequence, i)) {
            power = exp(scale * shares[base + i] - top);
        }
        shares[base + i] = power;
        powers += power;
    }
    let total = group_sum(powers, lane);
    let logit = gate[row];
    let alone = total == 0.0; // nothing to point at: the vocabulary has it all
    let open = 1.0 / (1.0 + exp(clamp(-logit, -80.0, 80.0)));
    let factor = select(open / total, 0.0, alone);
    for (var i = lane; i < span; i += THREADS) {
        shares[base + i] *= factor;
    }
    if (lane == 0u) {
        let shut = max(logit, 0.0) + log(1.0 + exp(-abs(logit)));
        log_rest[row] = select(-shut, 0.0, alone);
    }
}
