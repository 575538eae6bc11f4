// dgain and dbias from their parts.
// Grid: a workgroup of 256 threads for 8 quads of dgain, then of dbias. Their parts are 32 runs
// side by side, each summed upwards, then added in order.

@group(0) @binding(2) var<storage, read_write> dgain: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dbias: array<vec4f>;
@group(0) @binding(10) var<storage, read> partials: array<vec4f>; // [range][dgain, dbias]

const QUADS: u32 = 8u;
const RUNS: u32 = 32u;

var<workgroup> run_sums: array<vec4f, QUADS * RUNS>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let width = params.width / 4u;
    let quad = group.x * QUADS + lane % QUADS;
    let parts = arrayLength(&partials) / (2u * width);
    var total = vec4f();
    if (quad < 2u * width) {
        for (var part = lane / QUADS; part < parts; part += RUNS) {
            total += partials[part * 2u * width + quad];
        }
    }
    run_sums[lane] = total;
    workgroupBarrier();
    if (lane >= QUADS || quad >= 2u * width) {
        return;
    }
    for (var run = 1u; run < RUNS; run++) {
        total += run_sums[run * QUADS + lane];
    }
    if (quad < width) {
        if (params.accumulate != 0u) {
            total += dgain[quad];
        }
        dgain[quad] = total;
    } else {
        if (params.accumulate != 0u) {
            total += dbias[quad - width];
        }
        dbias[quad - width] = total;
    }
}
