// The extents of attention, forward and backward, and the score of keys that are not seen.

struct Params {
    batch: u32,
    queries: u32,
    sources: u32,
    keys: u32,
    width: u32,
    heads: u32,
    causal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

const LOWEST: f32 = -3.0e38; // below every score, and finite: WGSL promises no infinities
