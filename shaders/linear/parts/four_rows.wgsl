// A workgroup makes four rows from `first` on, each with the bits that one_row gives it.
// The importer declares: const THREADS = 256; sums; x; params.rows.
// import quad_folds

const ROWS: u32 = 4u;
const STORED: u32 = 2u * THREADS; // columns of normalised rows that workgroup memory holds

alias OfRows = vec4f; // a number of each row

var<workgroup> group_parts: array<vec4f, ROWS * THREADS / 64u>;

// Rows behind the last are read as the last one: what comes of them is not stored.
fn x_of_rows(first: u32, width: u32, k: u32) -> OfRows {
    let i = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u)) * width + k;
    return vec4f(f32(x[i.x]), f32(x[i.y]), f32(x[i.z]), f32(x[i.w]));
}

// Each row's in the order of group_sum, with as many barriers as for one. The same for all threads;
// called by all of them.
fn group_sums(terms: OfRows, lane: u32) -> OfRows {
    sums[lane / 4u][lane % 4u] = terms.x;
    sums[(THREADS + lane) / 4u][lane % 4u] = terms.y;
    sums[(2u * THREADS + lane) / 4u][lane % 4u] = terms.z;
    sums[(3u * THREADS + lane) / 4u][lane % 4u] = terms.w;
    workgroupBarrier(); // behind which all have read the parts of earlier sums, too
    if (lane < ROWS * THREADS / 16u) {
        let i = lane * 4u;
        let first = sums[i] + sums[i + 1u];
        let second = sums[i + 2u] + sums[i + 3u];
        group_parts[lane / 4u][lane % 4u] = sum_of_quad(first + second);
    }
    workgroupBarrier();
    return vec4f(total_of_parts(0u), total_of_parts(4u), total_of_parts(8u), total_of_parts(12u));
}

fn total_of_parts(i: u32) -> f32 {
    let total = group_parts[i] + group_parts[i + 1u];
    return sum_of_quad(total + group_parts[i + 2u] + group_parts[i + 3u]);
}
