// The inputs of attention's backward passes in fours, without y, which only `delta` reads.

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(5) var<storage, read> q: array<Q>;
@group(0) @binding(6) var<storage, read> kv: array<Kv>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

alias Dy = vec4f;
alias Q = vec4f;
alias Kv = vec4f;
