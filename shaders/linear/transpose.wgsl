// y: matrices [R, C] of x as [C, R], each where it stood; what is in none stays.
// Grid: x workgroups of 256 threads that take every such tile of 64 x 64 elements, y matrices.
// No reduction. Offsets of matrices, R and C are multiples of 4.

@group(0) @binding(1) var<storage, read_write> y: array<Y>;
@group(0) @binding(2) var<storage, read> x: array<X>;
@group(0) @binding(3) var<storage, read> matrices: array<u32>; // of each its offset, R and C

alias Y = vec4f;
alias X = vec4f;

const QUADS: u32 = 16u; // of a tile's side

// [row of y][quad of its columns], where quads of 4 rows are swizzled: those that neighbouring
// threads put lie in different banks.
var<workgroup> tile: array<Y, 4u * QUADS * QUADS>;

// The 4 x 4 elements of a thread come in rows of x and go to rows of y.
fn put(place: vec2u, a: Y, b: Y, c: Y, d: Y) {
    let first = place.x * 4u * QUADS + (place.y ^ place.x);
    tile[first] = Y(a.x, b.x, c.x, d.x);
    tile[first + QUADS] = Y(a.y, b.y, c.y, d.y);
    tile[first + 2u * QUADS] = Y(a.z, b.z, c.z, d.z);
    tile[first + 3u * QUADS] = Y(a.w, b.w, c.w, d.w);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let offset = matrices[group.y * 3u] / 4u; // in quads, as all that follows
    let rows = matrices[group.y * 3u + 1u] / 4u;
    let columns = matrices[group.y * 3u + 2u] / 4u;
    let across = (columns + QUADS - 1u) / QUADS;
    let tiles = (rows + QUADS - 1u) / QUADS * across;
    let own = vec2u(lane % QUADS, lane / QUADS);
    for (var i = group.x; i < tiles; i += groups.x) {
        let first = vec2u(i % across, i / across) * QUADS; // column and row of x
        let source = first + own;
        if (source.x < columns && source.y < rows) {
            let quad = offset + source.y * 4u * columns + source.x;
            let a = Y(x[quad]);
            let b = Y(x[quad + columns]);
            let c = Y(x[quad + 2u * columns]);
            let d = Y(x[quad + 3u * columns]);
            put(own, a, b, c, d);
        }
        workgroupBarrier();
        let goal = first.yx + own; // column and row of y
        if (goal.x < rows && goal.y < columns) {
            let quad = offset + goal.y * 4u * rows + goal.x;
            for (var row = 0u; row < 4u; row++) {
                y[quad + row * rows] = tile[(own.y * 4u + row) * QUADS + (own.x ^ own.y)];
            }
        }
        workgroupBarrier(); // the next tile is put where this one was read
    }
}
