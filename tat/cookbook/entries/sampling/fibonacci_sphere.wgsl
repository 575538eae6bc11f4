// request: spread points evenly on a sphere with the golden angle
// paraphrase: Fibonacci sphere, direction number i of n
// paraphrase: spiral of nearly equidistant unit vectors, like the seeds of a sunflower
// family: sphere points
// tags: sphere, golden-ratio, quasi-random, 3d
// difficulty: 1
// split: train
// source: A. Gonzalez, "Measurement of Areas on a Sphere Using Fibonacci and Latitude-Longitude
//     Lattices", 2010

/// Unit vector `index` of `count` (1 or more) that share the sphere almost evenly, from +z down to
/// -z: each has a band of the same area, and is turned on by the golden ratio of a full turn.
/// The turn is counted in 2³² parts, so that a large index is turned as exactly as a small one.
fn fibonacci_sphere(index: u32, count: u32) -> vec3f {
    let turns = f32((index * 2654435769u) >> 8u) * 0x1p-24;
    let longitude = 6.2831853 * turns;
    let depth = (2.0 * f32(index) + 1.0) / f32(count); // 1 - z, exact near the pole
    let radius = sqrt(depth * (2.0 - depth));
    return vec3f(radius * cos(longitude), radius * sin(longitude), 1.0 - depth);
}
