// GELU(x) = x / (1 + exp(-2 u)), the tanh form without tanh, which drivers overflow in. Where u is
// large and negative, exp() is cut off at 1e30, whose inverse counts nothing.
// The importer declares: alias Element, f32 or vec4f.

const GELU: f32 = 0.7978845608028654; // sqrt(2 / pi)
const GELU_CUBE: f32 = 0.044715;
const LOG2_E: f32 = 1.4426950408889634;

fn gelu(x: Element) -> Element {
    return x * gelu_gate(gelu_power(x));
}

// The derivative of gelu().
fn gelu_slope(x: Element) -> Element {
    let power = gelu_power(x);
    return gelu_slope_at(x, power, gelu_gate(power));
}

// The same of what gelu() needs, too; 1 - gate is made without a difference, which cancels digits.
fn gelu_slope_at(x: Element, power: Element, gate: Element) -> Element {
    let slope = fma(Element(6.0 * GELU * GELU_CUBE), x * x, Element(2.0 * GELU)); // of 2 u
    return gate * fma(x * (gate * power), slope, Element(1.0));
}

// exp(-2 u) where u is the argument of the tanh.
fn gelu_power(x: Element) -> Element {
    const FIRST = Element(-2.0 * LOG2_E * GELU);
    const THIRD = Element(-2.0 * LOG2_E * GELU * GELU_CUBE);
    return exp2(min(x * fma(THIRD, x * x, FIRST), Element(100.0)));
}

fn gelu_gate(power: Element) -> Element {
    return 1.0 / (1.0 + power);
}
