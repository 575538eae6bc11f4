// Where the size is a multiple of 4. Grid: a thread for 4 elements of weights, 256 a
// workgroup. No reduction.
// import grid
// import finite

struct Params {
    size: u32,
    decayed: u32,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    weight_decay: f32,
    beta1_rest: f32,
    beta2_rest: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@group(0) @binding(6) var<storage, read> rate: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size / 4u) {
        return;
    }
    if (!is_finite(scale[0])) {
        return; // the gradient is not finite: nothing changes
    }
    let g = gradients[i] * scale[0];
    let first = m[i] * params.beta1 + params.beta1_rest * g;
    let second = v[i] * params.beta2 + params.beta2_rest * g * g;
    m[i] = first;
    v[i] = second;
    let decays = vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.decayed);
    let decay = select(vec4f(), vec4f(rate[0] * params.weight_decay), decays);
    let step = first / (sqrt(second / rate[2]) + params.epsilon);
    weights[i] = weights[i] * (1.0 - decay) - rate[0] / rate[1] * step;
}
