// The share of the target that the logits are to explain: all of it, without a copy head.

@group(0) @binding(4) var<storage, read> targets: array<u32>;

fn target_share(row: u32) -> f32 {
    return 1.0 - params.smoothing;
}
