// Grid: a thread for each element of weights, 256 a workgroup. No reduction.
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
@group(0) @binding(1) var<storage, read_write> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> m: array<f32>;
@group(0) @binding(3) var<storage, read_write> v: array<f32>;
@group(0) @binding(4) var<storage, read> gradients: array<f32>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@group(0) @binding(6) var<storage, read> rate: array<f32>;

@compute @workgroup_size(256)
fn main(
    @builtin(global_invocation_id) thread: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let i = element_index(thread, groups);
    if (i >= params.size) {
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
    let decay = select(0.0, rate[0] * params.weight_decay, i < params.decayed);
    let step = first / (sqrt(second / rate[2]) + params.epsilon);
    weights[i] = weights[i] * (1.0 - decay) - rate[0] / rate[1] * step;
}
