// Grid: a workgroup of 256 threads for each sequence. A maximum: no order moves it.
// import grid
// import group_max

struct Params {
    batch: u32,
    vocabulary: u32,
    block: u32,
    first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> token: array<u32>;
@group(0) @binding(2) var<storage, read_write> position: array<u32>;
@group(0) @binding(3) var<storage, read_write> lengths: array<u32>;
@group(0) @binding(4) var<storage, read_write> history: array<f32>;
@group(0) @binding(5) var<storage, read> logits: array<f32>;

const THREADS: u32 = 256u;
const LOWEST: f32 = -3.0e38; // below every logit, and finite: WGSL promises no infinities

var<workgroup> chosen: atomic<u32>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group_index(group, groups);
    if (row >= params.batch) {
        return;
    }
    let base = row * params.vocabulary;
    let kept = (position[row] % params.block * params.batch + row) * params.vocabulary;
    var highest = LOWEST;
    var found = params.first;
    for (var i = lane; i < params.vocabulary; i += THREADS) {
        let logit = logits[base + i];
        history[kept + i] = logit;
        if (i >= params.first && logit > highest) {
            highest = logit;
            found = i;
        }
    }
    if (lane == 0u) {
        atomicStore(&chosen, params.vocabulary - 1u);
    }
    let top = group_max(highest, lane);
    if (highest == top) {
        atomicMin(&chosen, found); // the lowest of equals
    }
    workgroupBarrier();
    if (lane == 0u) {
        token[row] = atomicLoad(&chosen);
        let goes_on = u32(lengths[row] > 0u);
        position[row] += goes_on;
        lengths[row] += goes_on;
    }
}
