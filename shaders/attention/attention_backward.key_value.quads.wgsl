// dkv. Grid: x 64 keys for each 64 columns of a head, y heads, z batch * sources; 128 threads;
// queries in tiles of 32. Order: products over e upwards, dkv over queries upwards.
// For heads whose width is a multiple of 4.
// also attention_backward.key_value.half: attention_tile_half for attention_tile
// import attention_backward_quads
// import attention_lowest
// import attention_operands
// import attention_quads
// import attention_slope_quads
// import attention_tile
// import attention_key_value_gradient

@group(0) @binding(2) var<storage, read_write> dkv: array<Dkv>;

alias Dkv = vec4f;

fn store(values: u32, row: u32, column: u32, slopes: vec4f) {
    let e = first_column + column;
    if (e < size) {
        dkv[((row * 2u + values) * params.width + head_start + e) / 4u] = Dkv(slopes);
    }
}
