// Statistics of a row of x, which threads read once and hold: 4 columns each; others they read
// again. A sum: each thread the columns that it holds by halving, then its others upwards, then the
// threads as group_sum.
// The importer declares: const THREADS, a multiple of 64; x; params.epsilon.
// import group_sum

const HELD: u32 = 4u * THREADS;

struct Norm {
    center: f32,
    factor: f32, // one over the standard deviation
    distances: vec4f, // of the held columns from the center, 0 behind the last
}

fn held_columns(lane: u32) -> vec4u {
    return lane + vec4u(0u, THREADS, 2u * THREADS, 3u * THREADS);
}

// Of the row that begins with element `base`; called by all threads.
fn norm_of(base: u32, width: u32, lane: u32) -> Norm {
    let inside = held_columns(lane) < vec4u(width);
    let i = base + min(held_columns(lane), vec4u(width - 1u));
    let held = vec4f(f32(x[i.x]), f32(x[i.y]), f32(x[i.z]), f32(x[i.w]));
    var total = sum_of_quad(select(vec4f(), held, inside));
    for (var k = lane + HELD; k < width; k += THREADS) {
        total += f32(x[base + k]);
    }
    let center = group_sum(total, lane) / f32(width);
    let distances = select(vec4f(), held - center, inside);
    var squares = sum_of_quad(distances * distances);
    for (var k = lane + HELD; k < width; k += THREADS) {
        let distance = f32(x[base + k]) - center;
        squares += distance * distance;
    }
    let variance = group_sum(squares, lane) / f32(width);
    return Norm(center, 1.0 / sqrt(variance + params.epsilon), distances);
}
