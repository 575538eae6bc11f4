// dgate, and the slopes of the unscaled products of queries and keys into scratch [B*T, K*S].
// Grid: a workgroup of 256 threads for each row. A sum: each thread its positions upwards,
// then the threads as group_sum.
// import each_row
// import group_sum

@group(0) @binding(3) var<storage, read_write> dgate: array<f32>;
@group(0) @binding(6) var<storage, read> shares: array<f32>;
@group(0) @binding(7) var<storage, read> kept: array<f32>;
@group(0) @binding(8) var<storage, read> ids: array<u32>;
@group(0) @binding(9) var<storage, read> targets: array<u32>;
@group(0) @binding(10) var<storage, read_write> slopes: array<f32>;

const THREADS: u32 = 256u;

fn rows() -> u32 {
    return params.batch * params.queries;
}

fn make_row(row: u32, lane: u32) {
    let span = params.sources * params.keys;
    let base = row * span;
    let source = row / params.queries * span;
    let chosen = targets[row];
    var given = 0.0;
    var found = 0.0;
    for (var i = lane; i < span; i += THREADS) {
        given += shares[base + i];
        if (ids[source + i] == chosen) {
            found += shares[base + i];
        }
    }
    let opened = group_sum(given, lane); // sigmoid of the gate, 0 over no positions
    let on_target = group_sum(found, lane);
    let copied = select(1.0 - kept[row], 0.0, chosen == 0u); // token 0 is padding
    let each = select(copied / opened, 0.0, opened == 0.0);
    let hit = select(copied / on_target, 0.0, on_target == 0.0);
    let factor = (1.0 - params.smoothing) / sqrt(f32(params.width));
    for (var i = lane; i < span; i += THREADS) {
        let pull = each - select(0.0, hit, ids[source + i] == chosen);
        slopes[base + i] = factor * shares[base + i] * pull;
    }
    if (lane == 0u) {
        dgate[row] = select((1.0 - params.smoothing) * (opened - copied), 0.0, chosen == 0u);
    }
}
