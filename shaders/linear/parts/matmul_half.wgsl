// matmul_half_watched for those who need nothing of B beside the product.
// import matmul_half_watched

fn watch_b(load: Load) {}
