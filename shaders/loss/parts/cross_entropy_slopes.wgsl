// The gradient of the cross-entropy for the logits, an Element of one row at a time.
// The importer declares: targets; fn target_share(row) -> f32, the part of the target's probability,
// without smoothing, that the logits are to explain.
// import each_element
// import finish

@group(0) @binding(1) var<storage, read_write> dlogits: array<Dlogits>;
@group(0) @binding(2) var<storage, read> logits: array<Element>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;

alias Dlogits = Element;

fn elements() -> u32 {
    return params.rows * params.vocabulary / WIDTH;
}

fn make_element(i: u32) {
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
