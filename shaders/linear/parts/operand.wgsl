// A product's operand x: as it is. Fused kernels have another part in this one's place.

// Called by all threads of a workgroup, before the first operand() of its row.
fn prepare(row: u32, lane: u32) {}

fn operand(row: u32, k: u32) -> f32 {
    return f32(x[row * params.inputs + k]);
}
