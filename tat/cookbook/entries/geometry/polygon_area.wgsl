// request: signed area of a simple polygon from its corners
// paraphrase: shoelace formula over a list of 2D points in a storage buffer
// paraphrase: find the area and the winding direction of a polygon
// family: polygon
// tags: polygon, area, winding, 2d
// difficulty: 1
// split: train
// source: the shoelace formula of Meister and Gauss

@group(0) @binding(0) var<storage, read> outline: array<vec2f>;

/// Area of the polygon whose corners are the `count` points of `outline` from `first` on; positive
/// where they run anticlockwise with y upwards, 0 for fewer than three.
/// Corners are taken relative to the first, so that a small polygon far from the origin is not the
/// difference of two huge areas.
fn polygon_area(first: u32, count: u32) -> f32 {
    var doubled = 0.0;
    for (var i = 2u; i < count; i++) {
        let u = outline[first + i - 1u] - outline[first];
        let v = outline[first + i] - outline[first];
        doubled += u.x * v.y - u.y * v.x;
    }
    return 0.5 * doubled;
}
