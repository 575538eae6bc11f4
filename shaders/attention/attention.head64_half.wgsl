// Grid: x 64 queries, y heads, z batch; 128 threads. One pass over the keys in tiles of 64 with a
// running maximum and sum (Milakov and Gimelshein 2018, Dao et al. 2022). Order: products over e
// upwards; sums over a thread's keys upwards, then over 16 threads.
// For heads of 64 columns; products of factors in f16.
// import attention_arguments
// import attention_operands
// import attention_head64_operands
// import attention_head64
// import attention_head64_half
// import attention_head64_forward

// The shares of 16 units of threads in each query, [unit][query / 4].
var<workgroup> shares: array<vec4f, 16u * QUADS>;

fn put_share(unit: u32, quad: u32, values: vec4f) {
    shares[unit * QUADS + quad] = values;
}

fn share_of(unit: u32, query: u32) -> f32 {
    return shares[unit * QUADS + query / 4u][query % 4u];
}
