// dkv. Grid: x 64 keys for each 64 columns of a head, y heads, z batch * sources; 128 threads;
// queries in tiles of 32. Order: products over e upwards, dkv over queries upwards.
// import attention_lowest
// import attention_operands
// import attention_scalars
// import attention_slope_scalars
// import attention_tile
// import attention_key_value_gradient

@group(0) @binding(2) var<storage, read_write> dkv: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read> q: array<f32>;
@group(0) @binding(6) var<storage, read> kv: array<f32>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read> lengths: array<u32>;
@group(0) @binding(9) var<storage, read> delta: array<f32>;

fn store(values: u32, row: u32, column: u32, slopes: vec4f) {
    for (var i = 0u; i < 4u; i++) {
        let e = first_column + column + i;
        if (e < size) {
            dkv[(row * 2u + values) * params.width + head_start + e] = slopes[i];
        }
    }
}
