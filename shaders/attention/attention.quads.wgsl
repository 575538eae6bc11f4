// Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 128 threads. One pass over
// the keys in tiles of 32 with a running maximum and sum (Milakov and Gimelshein 2018, Dao et al.
// 2022). Order: products over e upwards; sums over a thread's keys upwards, then over 8 threads.
// For heads whose width is a multiple of 4.
// import attention_arguments
// import attention_operands
// import attention_quads
// import attention_tile
// import attention_forward

fn store(query: u32, column: u32, values: vec4f) {
    let e = first_column + column;
    if (first_query + query < end_query && e < size) {
        y[((first_query + query) * params.width + head_start + e) / 4u] = Y(values);
    }
}
