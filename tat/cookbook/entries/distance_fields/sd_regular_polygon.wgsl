// request: signed distance to a regular polygon with any number of sides
// paraphrase: SDF of a pentagon, hexagon or any regular n-gon centred at the origin
// paraphrase: 2D distance field of an equilateral polygon from its circumradius
// family: polygon distance
// tags: sdf, shape, polygon, 2d
// difficulty: 2
// split: test
// source: folding by the symmetry of the polygon into one sector
// picture: vec3f(0.5 + 0.5 * cos(100.0 * sd_regular_polygon(uv - 0.5, 5u, 0.3)))

/// Signed distance from `p` to a polygon around the origin, negative inside. It has `sides` (3 or
/// more) equal edges and a corner at (0, radius).
fn sd_regular_polygon(p: vec2f, sides: u32, radius: f32) -> f32 {
    let sector = 6.2831853 / f32(sides);
    // Adding so little keeps atan2 off (0, 0), where it is undefined.
    let angle = atan2(p.x, p.y + 1e-30);
    // The angle to the middle of the nearest edge, where a new x axis is laid.
    let off_middle = angle - (floor(angle / sector) + 0.5) * sector;
    let q = length(p) * vec2f(cos(off_middle), sin(off_middle));
    let corner = radius * vec2f(cos(0.5 * sector), sin(0.5 * sector));
    let way = q - vec2f(corner.x, clamp(q.y, -corner.y, corner.y));
    return length(way) * sign(way.x);
}
