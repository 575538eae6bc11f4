// GELU(x) = x / (1 + exp(-2 u)), the tanh form without tanh, which drivers overflow in.

const GELU: f32 = 0.7978845608028654; // sqrt(2 / pi)
const GELU_CUBE: f32 = 0.044715;

// 1 / (1 + exp(-2 u)) where u is the argument of the tanh.
fn gelu_gate(x: vec4f) -> vec4f {
    let u = GELU * x * (1.0 + GELU_CUBE * x * x);
    return 1.0 / (1.0 + exp(clamp(-2.0 * u, vec4f(-80.0), vec4f(80.0))));
}
