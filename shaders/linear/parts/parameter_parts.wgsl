// Parts of dweight [I, O] and dbias [O], each over a range of rows: the partial sums of z parts.
// The importer declares: fn share_bias(lane), which puts `bias` where all threads see it, and
//   fn shared_bias(lane) -> vec4f.
// import no_base
// import part_range

@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>; // of both

var<private> part: u32;
var<private> sums_bias: bool; // one of the workgroups with the same columns does
var<private> bias: vec4f; // of the columns that this thread loads

fn quad_at(row: u32, column: u32) -> u32 {
    return ((part * params.inputs + row) * params.outputs + column) / 4u;
}

fn store(i: u32, values: vec4f, other: vec4f) {
    partials[i] = values;
}

// The bias of the workgroup's columns: THREADS / B_QUADS threads summed each 4 of them.
fn store_bias(first_column: u32, lane: u32, parts: u32) {
    share_bias(lane);
    workgroupBarrier();
    let column = first_column + lane * 4u;
    if (lane < B_QUADS && column < params.outputs) {
        var total = bias;
        for (var i = lane + B_QUADS; i < THREADS; i += B_QUADS) {
            total += shared_bias(i);
        }
        let weights = parts * params.inputs * params.outputs;
        partials[(weights + part * params.outputs + column) / 4u] = total;
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    part = group.z;
    sums_bias = group.y == 0u;
    let range = part_range(params.rows, group.z, groups.z);
    multiply(group.xy, lane, params.inputs, params.outputs, range.x, range.y);
    if (group.y == 0u) {
        store_bias(group.x * COLUMNS, lane, groups.z);
    }
}
