// Grid: x 64 queries for each 64 columns of a head, y heads, z batch; 128 threads. One pass over
// the keys in tiles of 32 with a running maximum and sum (Milakov and Gimelshein 2018, Dao et al.
// 2022). Order: products over e upwards; sums over a thread's keys upwards, then over 8 threads.
// import attention_lowest
// import attention_operands
// import attention_scalars
// import attention_tile
// import attention_forward

@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read> q: array<f32>;
@group(0) @binding(4) var<storage, read> kv: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<u32>;

fn store(query: u32, column: u32, values: vec4f) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + column + i;
        if (first_query + query < end_query && e < size) {
            y[(first_query + query) * params.width + head_start + e] = values[i];
        }
    }
}
