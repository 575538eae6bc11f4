// request: hexagonal grid with cell centers and distance to the cell border
// paraphrase: honeycomb pattern, which hexagon a point is in and how far from its edge
// paraphrase: tile the plane with regular hexagons for a hex map
// family: hexagon grid
// tags: pattern, hexagon, grid, tiles, 2d
// difficulty: 2
// split: test
// picture: vec3f(1.0, 0.75, 0.25) * smoothstep(0.0, 0.06, hexagon_cells(uv * 6.0).z)
//     * (0.75 + 0.25 * sin(dot(hexagon_cells(uv * 6.0).xy, vec2f(12.9, 78.2))))

/// The hexagon that holds `p`: (x, y) of its centre, and the distance of `p` from its border, from
/// 0 to 1/2. Centres are 1 apart along x, in rows sqrt(3) / 2 apart; corners point along y.
/// Centres form two rectangular lattices, one in the middle of the other: the nearest of each is
/// found by rounding, and the nearer of those two is it.
fn hexagon_cells(p: vec2f) -> vec3f {
    const SPACING = vec2f(1.0, 1.7320508);
    let corner = SPACING * round(p / SPACING);
    let middle = SPACING * (floor(p / SPACING) + 0.5);
    let centre = select(middle, corner, distance(p, corner) < distance(p, middle));
    let q = abs(p - centre);
    return vec3f(centre, 0.5 - max(q.x, 0.5 * q.x + 0.8660254 * q.y));
}
