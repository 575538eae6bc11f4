// request: Truchet tiles with quarter circle arcs
// paraphrase: random maze of curved lines from randomly turned tiles
// paraphrase: distance to the winding arcs of a Truchet tiling
// family: truchet
// tags: pattern, truchet, tiles, maze, 2d
// difficulty: 2
// split: test
// source: C. S. Smith, "The Tiling Patterns of Sebastien Truchet", Leonardo 20(4), 1987
// picture: mix(vec3f(0.95, 0.9, 0.8), vec3f(0.1, 0.3, 0.45),
//     smoothstep(0.17, 0.14, truchet_arcs(uv * 9.0)))

/// A pseudo-random bit for the tile `cell`.
fn tile_is_turned(cell: vec2i) -> bool {
    var bits = bitcast<u32>(cell.x) * 0x9e3779b1u + bitcast<u32>(cell.y) * 0x85ebca77u;
    bits = (bits ^ (bits >> 13u)) * 0xc2b2ae3du;
    return bits >= 0x80000000u;
}

/// Distance from `p` to the nearest arc of its unit tile, from 0 to about 0.5; a threshold gives
/// lines of even width. A tile has two quarter circles of radius 1/2 around opposite corners; they
/// end at the middles of its edges, so that lines go on into the next tile however it is turned.
fn truchet_arcs(p: vec2f) -> f32 {
    let f = fract(p);
    let q = select(f, vec2f(1.0 - f.x, f.y), tile_is_turned(vec2i(floor(p))));
    return abs(min(length(q), distance(q, vec2f(1.0))) - 0.5);
}
