// Parts of dweight [I, O] = x [N, I] transposed dy [N, O] and of dbias [O], the sum of dy's rows,
// each over a range of rows.
// Grid: 128 x 64 elements for each workgroup of 128 threads, z parts; k upwards, in dbias
// every 8th k upwards, then these.
// import matmul_tile_128_watched
// import parameter_parts

@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;

const COLUMNS: u32 = 64u; // of a workgroup
const A_ALONG_K = false;
const B_ALONG_K = false;

fn a_at(row: u32, k: u32) -> vec4f {
    return x[(k * params.inputs + row) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return dy[(k * params.outputs + column) / 4u];
}

fn watch_b(values: vec4f) {
    if (sums_bias) {
        bias += values;
    }
}

fn share_bias(lane: u32) {
    workgroupBarrier(); // the tile may still be read
    a_tile[lane] = bias;
}

fn shared_bias(lane: u32) -> vec4f {
    return a_tile[lane];
}
