// dq. Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 128 threads; keys in
// tiles of 32. Order: products over e upwards, dq over sources and keys upwards.
// import attention_lowest
// import attention_operands
// import attention_scalars
// import attention_slope_scalars
// import attention_tile
// import attention_query_gradient

@group(0) @binding(1) var<storage, read_write> dq: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> kv: array<f32>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

fn store(query: u32, column: u32, values: vec4f) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + column + i;
        if (first_query + query < end_query && e < size) {
            dq[(first_query + query) * params.width + head_start + e] = values[i];
        }
    }
}
