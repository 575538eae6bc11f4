// request: index of a cell along the Hilbert curve
// paraphrase: map 2D integer coordinates to one dimension with a space-filling curve
// paraphrase: order tiles or points so that consecutive ones are always neighbours
// family: hilbert curve
// tags: hilbert, bits, locality, 2d
// difficulty: 3
// split: test
// source: D. Hilbert, Mathematische Annalen 38, 1891
// picture: vec3f(0.5) + 0.5 * cos(6.2831853 * (f32(hilbert_index(vec2u(uv * 32.0), 5u)) / 1024.0
//     + vec3f(0.0, 0.33, 0.67)))

/// How many cells of a square grid of side 2^`order` (order 0 to 16) the Hilbert curve visits
/// before `cell`. It starts at (0, 0) and ends at the other corner with y = 0; successive cells
/// share an edge, which Morton's curve cannot promise.
/// From the coarsest bit on: the quadrants are visited in the order of a U, and the grid is turned
/// so that the finer curve within the one that was entered is again a U that starts at (0, 0).
fn hilbert_index(cell: vec2u, order: u32) -> u32 {
    var p = cell;
    var index = 0u;
    for (var bit = order; bit > 0u; bit--) {
        let right = extractBits(p.x, bit - 1u, 1u);
        let upper = extractBits(p.y, bit - 1u, 1u);
        index = (index << 2u) | ((3u * right) ^ upper);
        if upper == 0u {
            // Mirrored at one diagonal or the other; inverting all bits counts from the far side.
            p = select(p.yx, ~p.yx, right == 1u);
        }
    }
    return index;
}
