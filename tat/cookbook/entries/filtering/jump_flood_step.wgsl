// request: one pass of the jump flooding algorithm
// paraphrase: Voronoi diagram or distance transform of an image on the GPU
// paraphrase: propagate the nearest seed to every pixel in log n passes
// family: distance transform
// tags: voronoi, distance-transform, flood, kernel
// difficulty: 3
// split: test
// source: Rong and Tan, "Jump Flooding in GPU", I3D 2006

struct Flood {
    size: vec2i, // pixels
    stride: i32, // half of the larger side in the first pass, then halved down to 1
}

@group(0) @binding(0) var<uniform> flood: Flood;
@group(0) @binding(1) var<storage, read> nearest: array<vec2i>; // seed of each pixel, row by row
@group(0) @binding(2) var<storage, read_write> nearer: array<vec2i>;

/// Looks at the seeds that the nine pixels `stride` apart know of, itself among them, and keeps the
/// one nearest to this pixel. A pixel that knows none holds (-1, -1); at first a seed knows just
/// itself. After the last pass the distance to the seed is the distance transform; a few pixels in
/// a thousand may name the second nearest, most of which another pass with stride 1 mends.
@compute @workgroup_size(8, 8)
fn jump_flood_step(@builtin(global_invocation_id) id: vec3u) {
    let pixel = vec2i(id.xy);
    if any(pixel >= flood.size) {
        return;
    }
    var best = vec2i(-1);
    var best_square = 0x7fffffff; // squares of integers compare exactly
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let other = pixel + flood.stride * vec2i(x, y);
            if any(other < vec2i(0)) || any(other >= flood.size) {
                continue;
            }
            let seed = nearest[other.y * flood.size.x + other.x];
            let way = seed - pixel;
            let square = way.x * way.x + way.y * way.y;
            if seed.x >= 0 && square < best_square {
                best = seed;
                best_square = square;
            }
        }
    }
    nearer[pixel.y * flood.size.x + pixel.x] = best;
}
