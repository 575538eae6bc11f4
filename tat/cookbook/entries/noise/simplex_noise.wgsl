// request: simplex noise in two dimensions
// paraphrase: 2D simplex noise from -1 to 1 without lookup tables
// paraphrase: gradient noise on a triangular grid, with fewer directional artifacts than Perlin
// family: simplex noise
// tags: noise, simplex, procedural, 2d
// difficulty: 3
// split: test
// source: K. Perlin, "Noise Hardware", 2001; S. Gustavson, "Simplex Noise Demystified", 2005
// picture: vec3f(0.5 + 0.5 * simplex_noise(uv * 7.0))

/// What the grid point `vertex` adds at the offset `way` from it: a ramp along its pseudo-random
/// unit gradient, faded to nothing at a distance of sqrt(1/2).
fn simplex_share(vertex: vec2i, way: vec2f) -> f32 {
    let key = bitcast<vec2u>(vertex) * vec2u(0x27d4eb2fu, 0x165667b1u);
    var hash = key.x ^ key.y;
    hash = (hash ^ (hash >> 15u)) * 0x85ebca77u;
    hash = (hash ^ (hash >> 13u)) * 0xc2b2ae3du;
    hash ^= hash >> 16u;
    let angle = f32(bitcast<i32>(hash)) * (3.14159265 * 0x1p-31);
    let fade = max(0.5 - dot(way, way), 0.0);
    return fade * fade * fade * fade * dot(vec2f(cos(angle), sin(angle)), way);
}

/// Simplex noise at `p`, in [-1, 1]: zero at the corners of the triangles, smooth everywhere.
/// Skewing the plane turns the triangular grid into a square one, where `floor` finds the cell;
/// its diagonal then decides between the two triangles.
fn simplex_noise(p: vec2f) -> f32 {
    const SKEW = 0.3660254038; // (sqrt(3) - 1) / 2
    const UNSKEW = 0.2113248654; // (3 - sqrt(3)) / 6
    let cell = floor(p + SKEW * (p.x + p.y));
    let way = p - cell + UNSKEW * (cell.x + cell.y);
    let side = select(vec2i(0, 1), vec2i(1, 0), way.x > way.y);
    let vertex = vec2i(cell);
    let sum = simplex_share(vertex, way)
        + simplex_share(vertex + side, way - vec2f(side) + UNSKEW)
        + simplex_share(vertex + 1, way - 1.0 + 2.0 * UNSKEW);
    return 99.204334 * sum; // one over the largest possible sum
}
