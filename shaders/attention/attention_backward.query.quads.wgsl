// dq. Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 128 threads; keys in
// tiles of 32. Order: products over e upwards, dq over sources and keys upwards.
// For heads whose width is a multiple of 4.
// also attention_backward.query.half: attention_tile_half for attention_tile
// import attention_backward_quads
// import attention_lowest
// import attention_operands
// import attention_quads
// import attention_slope_quads
// import attention_tile
// import attention_query_gradient

@group(0) @binding(1) var<storage, read_write> dq: array<Dq>;

alias Dq = vec4f;

fn store(query: u32, column: u32, values: vec4f) {
    let e = first_column + column;
    if (first_query + query < end_query && e < size) {
        dq[((first_query + query) * params.width + head_start + e) / 4u] = Dq(values);
    }
}
