// Grid: one workgroup of 256 threads: each thread its partial sums upwards, then the threads as
// group_sum.
// import group_sum
// import finite

@group(0) @binding(1) var<storage, read_write> scale: array<f32>;
@group(0) @binding(2) var<storage, read> partials: array<f32>;
@group(0) @binding(3) var<storage, read> tokens: array<f32>;

const THREADS: u32 = 256u;

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) lane: u32) {
    var part = 0.0;
    for (var i = lane; i < params.count; i += THREADS) {
        part += partials[i];
    }
    let squares = group_sum(part, lane);
    if (lane != 0u) {
        return;
    }
    let norm = sqrt(squares) / tokens[0];
    var factor = 1.0;
    if (params.clip_norm > 0.0 && params.clip_norm < norm) {
        factor = params.clip_norm / norm;
    }
    // A mean gradient that is not finite is skipped: the factor's bits are those of a NaN, put
    // together at run time because WGSL has no constant of it.
    let nan = bitcast<f32>(0x7fc00000u | min(params.count, 1u));
    scale[0] = select(nan, factor / tokens[0], is_finite(norm));
    scale[1] = norm;
}
