// dq. Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 128 threads; keys in
// tiles of 32. Order: products over e upwards, dq over sources and keys upwards.
// import attention_backward_scalars
// import attention_lowest
// import attention_operands
// import attention_scalars
// import attention_slope_scalars
// import attention_tile
// import attention_query_gradient

@group(0) @binding(1) var<storage, read_write> dq: array<f32>;

fn store(query: u32, column: u32, values: vec4f) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + column + i;
        if (first_query + query < end_query && e < size) {
            dq[(first_query + query) * params.width + head_start + e] = values[i];
        }
    }
}
