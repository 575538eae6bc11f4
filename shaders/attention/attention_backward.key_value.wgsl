// dkv. Grid: x 64 keys for each 64 columns of a head, y heads, z batch * sources; 128 threads;
// queries in tiles of 32. Order: products over e upwards, dkv over queries upwards.
// import attention_backward_scalars
// import attention_lowest
// import attention_operands
// import attention_scalars
// import attention_slope_scalars
// import attention_tile
// import attention_key_value_gradient

@group(0) @binding(2) var<storage, read_write> dkv: array<f32>;

fn store(values: u32, row: u32, column: u32, slopes: vec4f) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + column + i;
        if (e < size) {
            dkv[(row * 2u + values) * params.width + head_start + e] = slopes[i];
        }
    }
}
