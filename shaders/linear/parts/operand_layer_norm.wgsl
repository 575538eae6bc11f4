// A product's operand x: its row normalised, anew by each workgroup.
// The importer declares: const THREADS, a multiple of 64.
// import row_norm

@group(0) @binding(_) var<storage, read> gain: array<f32>;
@group(0) @binding(_) var<storage, read> shift: array<f32>;

var<workgroup> normal: array<f32, HELD>; // the first columns of the row
var<private> center: f32;
var<private> factor: f32;

fn prepare(row: u32, lane: u32) {
    let columns = held_columns(lane);
    // On their way before the first sum; those behind the last column are the last one's.
    let i = min(columns, vec4u(params.inputs - 1u));
    let gains = vec4f(gain[i.x], gain[i.y], gain[i.z], gain[i.w]);
    let shifts = vec4f(shift[i.x], shift[i.y], shift[i.z], shift[i.w]);
    let norm = norm_of(row * params.inputs, params.inputs, lane);
    center = norm.center;
    factor = norm.factor;
    let values = norm.distances * factor * gains + shifts;
    normal[columns.x] = values.x;
    normal[columns.y] = values.y;
    normal[columns.z] = values.z;
    normal[columns.w] = values.w;
    workgroupBarrier();
}

fn operand(row: u32, k: u32) -> f32 {
    if (k < HELD) {
        return normal[k];
    }
    return (f32(x[row * params.inputs + k]) - center) * factor * gain[k] + shift[k];
}
