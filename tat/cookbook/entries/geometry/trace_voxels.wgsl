// request: trace a ray through a voxel grid cell by cell
// paraphrase: DDA grid traversal that finds the first solid voxel
// paraphrase: Amanatides and Woo ray marching for a Minecraft-like block world
// family: grid traversal
// tags: raytracing, voxel, dda, grid
// difficulty: 3
// split: train
// source: Amanatides and Woo, "A Fast Voxel Traversal Algorithm for Ray Tracing", 1987
// picture: vec3f(0.6, 0.8, 1.0) * 3.0 / trace_voxels(vec3f(1.5, 1.5, 1.5),
//     normalize(vec3f(2.0 * uv.x - 1.0, 1.0 - 2.0 * uv.y, 1.0)), 40.0)

/// Whether the unit cube from `cell` to `cell` + 1 is solid; put your own lookup here.
fn is_solid(cell: vec3i) -> bool {
    return all((cell & vec3i(3)) == vec3i(0));
}

/// Distance along the ray (unit `direction`) to the first solid cell, or -1 if there is none
/// within `reach`; 0 if it starts in one. Each step crosses the nearest of the next walls along x,
/// y and z, so that no cell is jumped over, however briefly it is touched.
fn trace_voxels(origin: vec3f, direction: vec3f, reach: f32) -> f32 {
    let forwards = direction >= vec3f(0.0);
    let stride = select(vec3i(-1), vec3i(1), forwards);
    let spacing = 1.0 / max(abs(direction), vec3f(1e-20)); // of walls, along the ray
    var cell = vec3i(floor(origin));
    let to_wall = select(fract(origin), 1.0 - fract(origin), forwards);
    var next = to_wall * spacing;
    var travelled = 0.0;
    while travelled <= reach {
        if is_solid(cell) {
            return travelled;
        }
        travelled = min(next.x, min(next.y, next.z));
        let crossed = next == vec3f(travelled);
        next += select(vec3f(0.0), spacing, crossed);
        cell += select(vec3i(0), stride, crossed);
    }
    return -1.0;
}
