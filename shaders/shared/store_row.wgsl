// How a thread stores its part of C.
// The importer declares: fn quad_at(row, column) -> u32, where 4 neighbours of C are stored;
//   fn store(i, column, values, other), which stores them there, given beside(i). They are called
//   inside C only.
// import finish
// import quads

// Two quads of a row, 32 columns apart, where they are inside C. All that is read is on its way
// before anything is stored.
fn store_row(place: vec2u, extent: vec2u, left: vec4f, right: vec4f) {
    let row = min(place.x, extent.x - 1u);
    let columns = min(vec2u(place.y, place.y + 32u), vec2u(extent.y - 4u));
    let i = quad_at(row, columns.x);
    let j = quad_at(row, columns.y);
    let beside_left = beside(i);
    let beside_right = beside(j);
    if (place.x < extent.x && place.y < extent.y) {
        store(i, columns.x, left, beside_left);
    }
    if (place.x < extent.x && place.y + 32u < extent.y) {
        store(j, columns.y, right, beside_right);
    }
}
