// request: find where two 2D line segments cross
// paraphrase: segment-segment intersection parameters in the plane
// paraphrase: do two line segments intersect, and at which fraction of each
// family: 2d segments
// tags: line, segment, intersection, 2d
// difficulty: 2
// split: test
// source: F. Antonio, "Faster Line Segment Intersection", Graphics Gems III, 1992

/// How far along the segments from `a` to `b` and from `c` to `d` they cross, as two fractions in
/// [0, 1]; (-1, -1) if they do not. Touching ends count. Parallel ones give no single point, so
/// they count as not crossing, even if they overlap.
fn segment_crossing(a: vec2f, b: vec2f, c: vec2f, d: vec2f) -> vec2f {
    let along = b - a;
    let other = d - c;
    let gap = c - a;
    let turn = along.x * other.y - along.y * other.x;
    if turn == 0.0 {
        return vec2f(-1.0);
    }
    let scaled = vec2f(gap.x * other.y - gap.y * other.x, gap.x * along.y - gap.y * along.x);
    let fractions = scaled / turn;
    let crossing = all(fractions >= vec2f(0.0)) && all(fractions <= vec2f(1.0));
    return select(vec2f(-1.0), fractions, crossing);
}
