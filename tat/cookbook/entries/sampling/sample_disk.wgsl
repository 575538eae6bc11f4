// request: map the unit square to a disk with the concentric mapping
// paraphrase: uniform random point in a circle with low distortion
// paraphrase: Shirley-Chiu disk sampling for depth of field and soft shadows
// family: disk sampling
// tags: monte-carlo, disk, depth-of-field, 2d
// difficulty: 2
// split: train
// source: Shirley and Chiu, "A Low Distortion Map Between Disk and Square", JGT 2(3), 1997
// picture: vec3f(0.5 + 0.5 * sample_disk(uv), 0.6)

/// Maps `u` in the unit square to the unit disc so that equal areas stay equal. Squares around the
/// middle become circles, so that strata of the square keep their neighbours, unlike with the
/// polar map, which cuts the disc open.
fn sample_disk(u: vec2f) -> vec2f {
    let p = 2.0 * u - 1.0;
    let sideways = abs(p.x) > abs(p.y);
    let radius = select(p.y, p.x, sideways); // negative for the left and the lower wedge
    if radius == 0.0 {
        return vec2f(0.0);
    }
    let slope = select(p.x, p.y, sideways) / radius;
    let angle = 0.78539816 * slope;
    let around = vec2f(cos(angle), sin(angle));
    return radius * select(around.yx, around, sideways);
}
