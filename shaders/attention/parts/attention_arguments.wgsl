// Arguments of attention's forward pass, by quads of columns.
// import attention_lowest

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<Q>;
@group(0) @binding(4) var<storage, read> kv: array<Kv>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;

alias Y = vec4f;
alias Q = vec4f;
alias Kv = vec4f;
