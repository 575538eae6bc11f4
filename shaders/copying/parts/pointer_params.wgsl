// The extents of a pointer.

struct Params {
    batch: u32,
    queries: u32,
    sources: u32,
    keys: u32,
    width: u32,
    first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
