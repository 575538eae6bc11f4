// Parts of dx [N, D] = dlogits [N, V] table [V, D], each over a range of the vocabulary.
// Grid: 128 x 64 elements for each workgroup of 128 threads, z parts; k upwards.
// import matmul_tile_128
// import no_base
// import part_range

@group(0) @binding(2) var<storage, read> dlogits: array<vec4f>;
@group(0) @binding(3) var<storage, read> table: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec4f>; // [part][N][D / 4]

const COLUMNS: u32 = 64u; // of a workgroup
const A_ALONG_K = true;
const B_ALONG_K = false;

var<private> part: u32;

fn a_at(row: u32, k: u32) -> vec4f {
    return dlogits[(row * params.vocabulary + k) / 4u];
}

fn b_at(k: u32, column: u32) -> vec4f {
    return table[(k * params.width + column) / 4u];
}

fn quad_at(row: u32, column: u32) -> u32 {
    return ((part * params.rows + row) * params.width + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    partials[i] = values;
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    part = group.z;
    let range = part_range(params.vocabulary, group.z, groups.z);
    multiply(group.xy, lane, params.rows, params.width, range.x, range.y);
}
