// GELU(x) = x / (1 + exp(-2 u)), the tanh form without tanh, which drivers overflow in.
// The importer declares: alias Element, f32 or vec4f.

const GELU: f32 = 0.7978845608028654; // sqrt(2 / pi)
const GELU_CUBE: f32 = 0.044715;

fn gelu(x: Element) -> Element {
    return x * gelu_gate(x);
}

// The derivative of gelu().
fn gelu_slope(x: Element) -> Element {
    let gate = gelu_gate(x);
    let slope = 2.0 * GELU * (1.0 + 3.0 * GELU_CUBE * x * x); // of 2 u
    return gate + x * gate * (1.0 - gate) * slope;
}

// 1 / (1 + exp(-2 u)) where u is the argument of the tanh.
fn gelu_gate(x: Element) -> Element {
    let u = GELU * x * (1.0 + GELU_CUBE * x * x);
    return 1.0 / (1.0 + exp(clamp(-2.0 * u, Element(-80.0), Element(80.0))));
}
