// Grid: a workgroup of 256 threads for 256 tokens of a row. No reduction.
// import grid

@group(0) @binding(1) var<storage, read_write> written: array<u32>;
@group(0) @binding(2) var<storage, read_write> history: array<f32>;
@group(0) @binding(3) var<storage, read_write> logits: array<f32>;
@group(0) @binding(4) var<storage, read> token: array<u32>;
@group(0) @binding(5) var<storage, read> position: array<u32>;
@group(0) @binding(6) var<storage, read> settings: array<f32>;

const SETTINGS: u32 = 5u; // of a row; the last is the penalty

var<workgroup> marks: array<atomic<u32>, 256>; // whether the group's tokens were written

fn mark(id: u32, first: u32) {
    if (id - first < 256u) {
        atomicStore(&marks[id - first], 1u);
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let windows = (params.vocabulary + 255u) / 256u;
    let row = group_index(group, groups) / windows;
    if (row >= params.batch) {
        return;
    }
    let first = group_index(group, groups) % windows * 256u;
    let last = min(position[row], params.length - 1u);
    let penalty = settings[row * SETTINGS + SETTINGS - 1u];
    atomicStore(&marks[lane], 0u);
    workgroupBarrier();
    if (penalty != 1.0) {
        for (var i = lane; i < last; i += 256u) {
            mark(written[row * params.length + i], first);
        }
    }
    if (lane == 0u) {
        mark(token[row], first);
        if (first == 0u) {
            written[row * params.length + last] = token[row];
        }
    }
    workgroupBarrier();
    let i = first + lane;
    if (i < params.vocabulary) {
        let place = row * params.vocabulary + i;
        let logit = logits[place];
        let kept = position[row] % params.block * params.batch + row;
        history[kept * (params.vocabulary + 1u) + i] = logit;
        if (penalty != 1.0 && atomicLoad(&marks[lane]) != 0u) {
            logits[place] = select(logit * penalty, logit / penalty, logit > 0.0);
        }
    }
}
