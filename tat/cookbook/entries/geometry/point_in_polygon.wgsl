// request: test whether a point lies inside a polygon
// paraphrase: even-odd crossing test against a list of corners in a storage buffer
// paraphrase: is a 2D position within an arbitrary polygon outline
// family: polygon
// tags: polygon, inside-test, 2d
// difficulty: 2
// split: train
// source: Haines, "Point in Polygon Strategies", Graphics Gems IV, 1994

@group(0) @binding(0) var<storage, read> corners: array<vec2f>;

/// Whether `p` is inside the polygon of the `count` points of `corners` from `first` on, in either
/// direction, by the even-odd rule: a ray to the right crosses the outline an odd number of times.
/// A corner counts with the edge below it only, so that no crossing is counted twice, and a point
/// on an edge that two polygons share is inside just one of them.
fn point_in_polygon(p: vec2f, first: u32, count: u32) -> bool {
    var inside = false;
    for (var i = 0u; i < count; i++) {
        let a = corners[first + i];
        let b = corners[first + select(i + 1u, 0u, i + 1u == count)];
        if (a.y > p.y) != (b.y > p.y) {
            // Always from the lower end to the upper: the neighbour must round in the same way.
            let low = select(b, a, b.y > a.y);
            let way = select(a, b, b.y > a.y) - low;
            let p_is_left = way.x * (p.y - low.y) > way.y * (p.x - low.x);
            inside = inside != p_is_left;
        }
    }
    return inside;
}
