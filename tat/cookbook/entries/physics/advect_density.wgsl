// request: semi-Lagrangian advection of a density on a grid
// paraphrase: carry smoke along a velocity field in a stable fluids solver
// paraphrase: trace back through a flow and resample, one cell per invocation
// family: fluid advection
// tags: fluid, advection, simulation, grid, kernel
// difficulty: 3
// split: train
// source: J. Stam, "Stable Fluids", SIGGRAPH 1999

struct Flow {
    size: vec2u, // cells along x and y
    dt: f32, // seconds
}

@group(0) @binding(0) var<uniform> flow: Flow;
@group(0) @binding(1) var<storage, read> velocities: array<vec2f>; // cells per second
@group(0) @binding(2) var<storage, read> densities: array<f32>;
@group(0) @binding(3) var<storage, read_write> advected: array<f32>;

/// Velocity in xy and density in z at `p`, counted in cells, with the centre of cell (i, j) at just
/// (i, j); bilinear in between, and as at the edge beyond it.
fn sample_flow(p: vec2f) -> vec3f {
    let inside = clamp(p, vec2f(0.0), vec2f(flow.size - 1u));
    let low = vec2u(inside);
    let high = min(low + 1u, flow.size - 1u);
    let t = inside - vec2f(low);
    let cells = vec4u(low.y, low.y, high.y, high.y) * flow.size.x
        + vec4u(low.x, high.x, low.x, high.x);
    let weights = vec4f(1.0 - t.x, t.x, 1.0 - t.x, t.x)
        * vec4f(1.0 - t.y, 1.0 - t.y, t.y, t.y);
    var sum = vec3f(0.0);
    for (var i = 0; i < 4; i++) {
        sum += weights[i] * vec3f(velocities[cells[i]], densities[cells[i]]);
    }
    return sum;
}

/// Density of each cell after `dt`: that of the place from which the flow brings it there. Values
/// are only mixed, never amplified, so that any time step is stable; large ones blur.
/// The way back is found by the midpoint rule: a straight step would leave a vortex outwards.
@compute @workgroup_size(8, 8)
fn advect_density(@builtin(global_invocation_id) id: vec3u) {
    if any(id.xy >= flow.size) {
        return;
    }
    let here = vec2f(id.xy);
    let halfway = here - 0.5 * flow.dt * sample_flow(here).xy;
    let source = here - flow.dt * sample_flow(halfway).xy;
    advected[id.y * flow.size.x + id.x] = sample_flow(source).z;
}
