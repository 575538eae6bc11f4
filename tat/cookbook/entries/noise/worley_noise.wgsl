// request: Worley cellular noise in two dimensions
// paraphrase: distance to the nearest random feature point, one per grid cell
// paraphrase: cellular noise that looks like cells or pebbles, from a 2D position
// family: cellular noise
// tags: noise, worley, voronoi, procedural, 2d
// difficulty: 2
// split: train
// source: S. Worley, "A Cellular Texture Basis Function", SIGGRAPH 1996
// picture: vec3f(worley_noise(uv * 7.0))

/// Pseudo-random position inside the grid cell `cell`, in grid coordinates.
fn feature_point(cell: vec2i) -> vec2f {
    var hash = bitcast<u32>(cell.x) * 0x9e3779b9u + bitcast<u32>(cell.y);
    hash = (hash ^ (hash >> 16u)) * 0x21f0aaadu;
    hash = (hash ^ (hash >> 15u)) * 0x735a2d97u;
    hash ^= hash >> 15u;
    return vec2f(cell) + vec2f(vec2u(hash & 0xffffu, hash >> 16u)) * 0x1p-16;
}

/// Distance from `p` to the nearest of the feature points, one in each unit cell; in [0, sqrt(2)).
/// The 4 x 4 cells around `p` always hold the nearest: those further off are 1.5 or more away,
/// but the point of one's own cell less than sqrt(2). The usual 3 x 3 miss it now and then.
fn worley_noise(p: vec2f) -> f32 {
    let first = vec2i(round(p)) - 2;
    var nearest = 2.0;
    for (var i = 0; i < 16; i++) {
        let way = feature_point(first + vec2i(i % 4, i / 4)) - p;
        nearest = min(nearest, dot(way, way));
    }
    return sqrt(nearest);
}
