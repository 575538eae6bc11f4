// Grid: a thread for each Element of weights, 256 a workgroup. No reduction.
// also adamw.quads: quads for scalars
// import each_element
// import scalars
// import finite
// import finish

@group(0) @binding(1) var<storage, read_write> weights: array<Element>;
@group(0) @binding(2) var<storage, read_write> m: array<Element>;
@group(0) @binding(3) var<storage, read_write> v: array<Element>;
@group(0) @binding(4) var<storage, read> gradients: array<Element>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@group(0) @binding(6) var<storage, read> rate: array<f32>;

fn elements() -> u32 {
    return params.size / WIDTH;
}

fn make_element(i: u32) {
    if (!is_finite(scale[0])) {
        return; // the gradient is not finite: nothing changes
    }
    let g = gradients[i] * scale[0];
    let first = m[i] * params.beta1 + params.beta1_rest * g;
    let second = v[i] * params.beta2 + params.beta2_rest * g * g;
    m[i] = first;
    v[i] = second;
    let n = i * WIDTH; // the first weight of the element
    let decay = rate[0] * params.weight_decay * element_of(
        f32(n < params.decayed),
        f32(n + 1u < params.decayed),
        f32(n + 2u < params.decayed),
        f32(n + 3u < params.decayed),
    );
    let step = first / (sqrt(second / rate[2]) + params.epsilon);
    let weight = weights[i] * (1.0 - decay) - rate[0] / rate[1] * step;
    weights[i] = finish(i, weight, beside(i));
}
