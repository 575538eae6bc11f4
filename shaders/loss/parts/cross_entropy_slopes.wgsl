// The gradient of the cross-entropy for the logits, an Element of one row at a time.
// The importer declares: targets; fn target_share(row) -> f32, the part of the target's probability,
// without smoothing, that the logits are to explain.
// import grid
// import finish

@group(0) @binding(1) var<storage, read_write> dlogits: array<Dlogits>;
@group(0) @binding(2) var<storage, read> logits: array<Element>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;

alias Dlogits = Element;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.rows * params.vocabulary / WIDTH) {
        return;
    }
    let row = i * WIDTH / params.vocabulary;
    let token = i * WIDTH % params.vocabulary; // the first of the element
    let chosen = targets[row];
    let share = target_share(row);
    var slope = (share + params.smoothing) * exp(logits[i] - lse[row]);
    slope -= params.smoothing / f32(params.vocabulary);
    slope -= share * element_of(
        f32(token == chosen),
        f32(token + 1u == chosen),
        f32(token + 2u == chosen),
        f32(token + 3u == chosen),
    );
    if (chosen == 0u) { // padding
        slope = Element();
    }
    dlogits[i] = Dlogits(finish(i, slope, beside(i)));
}
