// delta [B*T, H]: the sum of dy * y over a head's columns, where these are in fours.
// Grid: 64 sums for each workgroup of 256 threads. A sum: 16 threads every 16th quad upwards, the
// numbers of a quad by halving, then the threads upwards.
// import attention_lowest
// import grid
// import quad_folds

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(4) var<storage, read> y: array<Y>;
@group(0) @binding(9) var<storage, read_write> delta: array<f32>;

alias Dy = vec4f;
alias Y = vec4f;

const SHARERS: u32 = 16u; // threads that make a sum
const SUMS: u32 = 64u; // of a workgroup
const STRIDE: u32 = SUMS + 1u; // so that sharers write to different banks

var<workgroup> shares: array<f32, SHARERS * STRIDE>; // [sharer][sum]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let quads = params.width / params.heads / 4u; // of a sum
    let count = params.batch * params.queries * params.heads;
    let first = group_index(group, groups) * SUMS;
    let own = vec4u(0u, 16u, 32u, 48u) + lane / SHARERS;
    let start = min(first + own, vec4u(count - 1u)) * quads;
    var total = vec4f();
    for (var e = lane % SHARERS; e < quads; e += SHARERS) {
        total += vec4f(
            product(start.x + e), product(start.y + e), product(start.z + e), product(start.w + e)
        );
    }
    let places = lane % SHARERS * STRIDE + own;
    shares[places.x] = total.x;
    shares[places.y] = total.y;
    shares[places.z] = total.z;
    shares[places.w] = total.w;
    workgroupBarrier();
    if (lane < SUMS && first + lane < count) {
        var sum = 0.0;
        for (var sharer = 0u; sharer < SHARERS; sharer++) {
            sum += shares[sharer * STRIDE + lane];
        }
        delta[first + lane] = sum;
    }
}

fn product(i: u32) -> f32 {
    return sum_of_quad(vec4f(dy[i]) * vec4f(y[i]));
}
