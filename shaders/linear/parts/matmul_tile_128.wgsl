// matmul_tile_128_watched for those who need nothing of B beside the product.
// import matmul_tile_128_watched

fn watch_b(values: vec4f) {}
