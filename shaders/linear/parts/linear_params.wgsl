// The extents of a linear layer, forward and of the gradient of its input.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
