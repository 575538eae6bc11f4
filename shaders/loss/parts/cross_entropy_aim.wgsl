// What the vocabulary's logits answer for where there is no copy head: the target.

@group(0) @binding(4) var<storage, read> targets: array<u32>;

fn aim(row: u32) -> f32 {
    return 1.0 - params.smoothing;
}
