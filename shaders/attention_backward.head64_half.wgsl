// dq and dkv. Grid: x heads, y batch; 256 threads; blocks of 64 keys, each over tiles of queries.
// Order: products over e upwards, dq over sources and keys upwards, dkv over queries upwards.
// For heads of 64 columns; products of factors in f16.
// import attention_operands
// import attention_head64_operands
// import attention_head64
// import attention_head64_half
// import attention_head64_backward

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
@group(0) @binding(1) var<storage, read_write> dq: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dkv: array<Dkv>;
@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(5) var<storage, read> q: array<Q>;
@group(0) @binding(6) var<storage, read> kv: array<Kv>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

alias Dkv = vec4f;
alias Dy = vec4f;
alias Q = vec4f;
alias Kv = vec4f;
