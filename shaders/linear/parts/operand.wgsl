// A product's operand x: as it is. Fused kernels have another part in this one's place.

// Called by all threads of a workgroup, before the first operands() of its rows.
fn prepare(first: u32, lane: u32) {}

fn operands(first: u32, k: u32) -> OfRows {
    return x_of_rows(first, params.inputs, k);
}
