// Grid: a thread for each column, 256 a workgroup; the order is column_totals'.
// import each_element
// import column_totals

@group(0) @binding(1) var<storage, read_write> dgain: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbias: array<f32>;
@group(0) @binding(7) var<storage, read> partials: array<vec2f>;

alias Terms = vec2f; // of the gain, of the bias

fn elements() -> u32 {
    return params.width;
}

fn make_element(i: u32) {
    var total = column_total(i, params.rows, params.width);
    if (params.accumulate != 0u) {
        total += vec2f(dgain[i], dbias[i]);
    }
    dgain[i] = total.x;
    dbias[i] = total.y;
}
