// request: gravitational n-body forces with shared memory tiles
// paraphrase: all-pairs gravity of many bodies in a compute shader
// paraphrase: galaxy simulation kernel that computes the acceleration of each star
// family: n-body
// tags: gravity, simulation, particles, workgroup, kernel
// difficulty: 3
// split: train
// source: Nyland, Harris and Prins, "Fast N-Body Simulation with CUDA", GPU Gems 3, 2007

struct Gravity {
    constant: f32, // of gravitation
    softening: f32, // length, above 0, below which the pull weakens
}

@group(0) @binding(0) var<uniform> gravity: Gravity;
@group(0) @binding(1) var<storage, read> bodies: array<vec4f>; // position, mass
@group(0) @binding(2) var<storage, read_write> accelerations: array<vec4f>; // in xyz

var<workgroup> tile: array<vec4f, 64>;

/// Acceleration of each body by the pull of all; dispatch the count of bodies / 64, rounded up.
/// A workgroup loads 64 bodies together and uses each of them 64 times. Places beyond the last body
/// are filled with mass 0, and softening makes a body's pull on itself 0 instead of 0 / 0, so that
/// the inner loop has no branch.
@compute @workgroup_size(64)
fn nbody_accelerations(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let count = arrayLength(&bodies);
    let here = bodies[min(id.x, count - 1u)].xyz;
    let soft_square = gravity.softening * gravity.softening;
    var sum = vec3f(0.0);
    for (var first = 0u; first < count; first += 64u) {
        let index = first + lane;
        tile[lane] = select(vec4f(0.0), bodies[min(index, count - 1u)], index < count);
        workgroupBarrier();
        for (var i = 0u; i < 64u; i++) {
            let way = tile[i].xyz - here;
            let nearness = inverseSqrt(dot(way, way) + soft_square);
            sum += tile[i].w * nearness * nearness * nearness * way;
        }
        workgroupBarrier();
    }
    if id.x < count {
        accelerations[id.x] = vec4f(gravity.constant * sum, 0.0);
    }
}
