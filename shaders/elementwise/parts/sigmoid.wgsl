// 1 / (1 + exp(-x)). Where x is large and negative, exp() is cut off, whose inverse counts nothing.

fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(min(-x, 80.0)));
}
