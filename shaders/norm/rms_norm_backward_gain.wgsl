// Grid: 16 columns and all rows for each workgroup of 256 threads, as 16 runs of rows that lie side
// by side, each summed downwards, then added in order.
// import grid

@group(0) @binding(1) var<storage, read_write> dgain: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<Dy>;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;

alias Dy = f32;

const COLUMNS: u32 = 16u;
const RUNS: u32 = 16u;

var<workgroup> run_sums: array<f32, COLUMNS * RUNS>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = group_index(group, groups) * COLUMNS + lane % COLUMNS;
    var total = 0.0;
    if (column < params.width) {
        for (var row = lane / COLUMNS; row < params.rows; row += RUNS) {
            let i = row * params.width + column;
            total += f32(dy[i]) * (x[i] * rstd[row]);
        }
    }
    run_sums[lane] = total;
    workgroupBarrier();
    if (lane < COLUMNS && column < params.width) {
        for (var run = 1u; run < RUNS; run++) {
            total += run_sums[run * COLUMNS + lane];
        }
        if (params.accumulate != 0u) {
            total += dgain[column];
        }
        dgain[column] = total;
    }
}
