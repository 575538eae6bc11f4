// What the vocabulary's logits answer for beside a copy head: their part of the target.

@group(0) @binding(4) var<storage, read> kept: array<f32>;
@group(0) @binding(5) var<storage, read> targets: array<u32>;

fn aim(row: u32) -> f32 {
    return (1.0 - params.smoothing) * kept[row];
}
