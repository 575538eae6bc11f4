// How a thread stores what it has made of C: two rows at a time, in two quads 32 columns apart.
// The importer declares: fn quad_at(row, column) -> u32, where 4 neighbours of C are stored;
//   fn base_at(column) -> vec4f, what is added to 4 columns of every row;
//   fn store(i, values, other), which stores there what finish() makes of values and beside(i).
//   All are called inside C only.
// import finish
// import quads

alias Pair = array<vec4f, 2>; // a row's quads

// Reads what it needs of both rows before it stores the first: waiting for memory once for each
// quad, a product of 50 µs took 15 more.
fn store_rows(place: vec2u, extent: vec2u, values: array<Pair, 2>) {
    let rows = min(place.x + vec2u(0u, 1u), vec2u(extent.x - 1u));
    let columns = min(vec2u(place.y, place.y + 32u), vec2u(extent.y - 4u));
    let base = Pair(base_at(columns.x), base_at(columns.y));
    let first = beside_row(rows.x, columns);
    let second = beside_row(rows.y, columns);
    store_row(place, extent, values[0], base, first);
    store_row(place + vec2u(1u, 0u), extent, values[1], base, second);
}

fn beside_row(row: u32, columns: vec2u) -> Pair {
    return Pair(beside(quad_at(row, columns.x)), beside(quad_at(row, columns.y)));
}

fn store_row(place: vec2u, extent: vec2u, values: Pair, base: Pair, others: Pair) {
    if (place.x < extent.x && place.y < extent.y) {
        store(quad_at(place.x, place.y), values[0] + base[0], others[0]);
    }
    if (place.x < extent.x && place.y + 32u < extent.y) {
        store(quad_at(place.x, place.y + 32u), values[1] + base[1], others[1]);
    }
}
