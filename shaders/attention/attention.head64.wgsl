// Grid: x 64 queries, y heads, z batch; 128 threads. One pass over the keys in tiles of 64 with a
// running maximum and sum (Milakov and Gimelshein 2018, Dao et al. 2022). Order: products over e
// upwards; sums over a thread's keys upwards, then over 16 threads.
// For heads of 64 columns.
// import attention_arguments
// import attention_operands
// import attention_head64_operands
// import attention_head64
// import attention_head64_full
// import attention_head64_forward

// The shares of 16 units of threads in each query, [unit][query / 4], where nothing else lies yet.
fn put_share(unit: u32, quad: u32, values: vec4f) {
    memory[unit * QUADS + quad] = values;
}

fn share_of(unit: u32, query: u32) -> f32 {
    return memory[unit * QUADS + query / 4u][query % 4u];
}
