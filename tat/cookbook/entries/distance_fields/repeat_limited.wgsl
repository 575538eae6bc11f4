// request: repeat a distance field a limited number of times along each axis
// paraphrase: domain repetition of an SDF in a finite grid of copies
// paraphrase: fold space so that one shape is drawn as a block of n by m by k copies
// family: repetition
// tags: sdf, operator, repetition, raymarching, 3d
// difficulty: 1
// split: train
// source: I. Quilez, "Domain repetition"
// picture: vec3f(1.0 - smoothstep(0.0, 0.01, length(repeat_limited(
//     vec3f(uv - 0.5, 0.0), vec3f(0.25), vec3u(3u, 2u, 1u)).xy) - 0.1))

/// Maps `p` into the coordinates of the nearest of `counts` copies (1 or more along each axis),
/// which stand `spacing` apart in a block around the origin. Evaluate the field of one shape there;
/// it stays exact if the shape is symmetric about the planes between the copies and fits in a cell.
fn repeat_limited(p: vec3f, spacing: vec3f, counts: vec3u) -> vec3f {
    let last = vec3f(counts) - 1.0;
    let place = round(p / spacing + 0.5 * last); // number of the copy along each axis
    return p - spacing * (clamp(place, vec3f(0.0), last) - 0.5 * last);
}
