// request: distance to the nearest border of a Voronoi cell
// paraphrase: Voronoi noise with exact edge distance, for cracks and cell outlines
// paraphrase: draw even lines between random cells, like cracked mud or stained glass
// family: cellular noise
// tags: noise, voronoi, edges, procedural, 2d
// difficulty: 3
// split: train
// source: distance to a perpendicular bisector; I. Quilez, "Voronoi edges"
// picture: vec3f(smoothstep(0.0, 0.05, voronoi_edges(uv * 6.0)) * (0.5 + voronoi_edges(uv * 6.0)))

/// The random site of the grid cell `cell`, at least 0.2 inside it: near enough to the middle for
/// the searches below to be exact.
fn voronoi_site(cell: vec2i) -> vec2f {
    var bits = bitcast<vec2u>(cell) * vec2u(1597334677u, 3812015801u);
    bits = (bits.xx ^ bits.yy) * vec2u(0x9e3779b1u, 0x7feb352du);
    bits ^= bits.yx >> vec2u(16u);
    return vec2f(cell) + 0.2 + 0.6 * vec2f((bits * 0x846ca68bu) >> vec2u(8u)) * 0x1p-24;
}

/// Distance from `p` to the border of the Voronoi cell it lies in, below 1, zero on the border;
/// there is one cell for each unit square, and lines of even width come from a threshold.
fn voronoi_edges(p: vec2f) -> f32 {
    let cell = vec2i(floor(p));
    var home = cell;
    var nearest = 9.0;
    for (var i = 0; i < 9; i++) {
        let candidate = cell + vec2i(i % 3, i / 3) - 1;
        let way = voronoi_site(candidate) - p;
        if dot(way, way) < nearest {
            nearest = dot(way, way);
            home = candidate;
        }
    }
    // A border is the bisector between the home site and another one not more than two cells off.
    let site = voronoi_site(home);
    var border = 9.0;
    for (var i = 0; i < 25; i++) {
        if i != 12 {
            let other = voronoi_site(home + vec2i(i % 5, i / 5) - 2);
            border = min(border, dot(0.5 * (site + other) - p, normalize(other - site)));
        }
    }
    return border;
}
