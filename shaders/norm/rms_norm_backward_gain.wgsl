// Grid: a thread for each column, 256 a workgroup; the order is column_totals'.
// import each_element
// import column_totals

@group(0) @binding(1) var<storage, read_write> dgain: array<f32>;
@group(0) @binding(5) var<storage, read> partials: array<f32>;

alias Terms = f32;

fn elements() -> u32 {
    return params.width;
}

fn make_element(i: u32) {
    var total = column_total(i, params.rows, params.width);
    if (params.accumulate != 0u) {
        total += dgain[i];
    }
    dgain[i] = total;
}
