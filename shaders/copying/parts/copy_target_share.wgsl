// The share of the target that the logits are to explain beside a copy head.

@group(0) @binding(4) var<storage, read> kept: array<f32>;
@group(0) @binding(5) var<storage, read> targets: array<u32>;

fn target_share(row: u32) -> f32 {
    return (1.0 - params.smoothing) * kept[row];
}
