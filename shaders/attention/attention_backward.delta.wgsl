// delta [B*T, H]: the sum of dy * y over a head's columns, upwards.
// Grid: a thread for each sum, 256 a workgroup.
// import attention_lowest
// import each_element

@group(0) @binding(3) var<storage, read> dy: array<Dy>;
@group(0) @binding(4) var<storage, read> y: array<Y>;
@group(0) @binding(9) var<storage, read_write> delta: array<f32>;

alias Dy = f32;
alias Y = f32;

fn elements() -> u32 {
    return params.batch * params.queries * params.heads;
}

fn make_element(i: u32) {
    let size = params.width / params.heads;
    let start = i * size; // rows are heads of `size` columns side by side
    var total = 0.0;
    for (var e = 0u; e < size; e++) {
        total += f32(dy[start + e]) * f32(y[start + e]);
    }
    delta[i] = total;
}
