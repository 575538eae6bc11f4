// A product's operand x: its rows normalised, anew by each workgroup.
// The importer declares: const THREADS, a multiple of 64; x; what one_row does.
// import row_norm

@group(0) @binding(_) var<storage, read> gain: array<f32>;
@group(0) @binding(_) var<storage, read> shift: array<f32>;

var<workgroup> normal: array<OfRows, STORED>; // the first columns
var<private> center: OfRows;
var<private> factor: OfRows;

fn prepare(first: u32, lane: u32) {
    let columns = held_columns(lane);
    // On their way before the first sum; those behind the last column are the last one's.
    let i = min(columns, vec4u(params.inputs - 1u));
    let gains = vec4f(gain[i.x], gain[i.y], gain[i.z], gain[i.w]);
    let shifts = vec4f(shift[i.x], shift[i.y], shift[i.z], shift[i.w]);
    let norm = norm_of(first, params.inputs, lane);
    center = norm.center;
    factor = norm.factor;
    normal[columns.x] = norm.distances[0] * factor * gains.x + shifts.x;
    normal[columns.y] = norm.distances[1] * factor * gains.y + shifts.y;
    if (STORED == HELD) {
        normal[columns.z % STORED] = norm.distances[2] * factor * gains.z + shifts.z;
        normal[columns.w % STORED] = norm.distances[3] * factor * gains.w + shifts.w;
    }
    workgroupBarrier();
}

fn operands(first: u32, k: u32) -> OfRows {
    if (k < STORED) {
        return normal[k];
    }
    return (x_of_rows(first, params.inputs, k) - center) * factor * gain[k] + shift[k];
}
