// request: simulate ripples with the 2D wave equation in a compute shader
// paraphrase: time step of a height field water surface on a grid
// paraphrase: finite difference update of a vibrating membrane
// family: wave equation
// tags: simulation, water, finite-difference, grid, kernel
// difficulty: 2
// split: train
// source: Courant, Friedrichs and Lewy, Mathematische Annalen 100, 1928

struct Membrane {
    size: vec2u, // cells along x and y
    courant: f32, // wave speed times time step over cell size; stable up to sqrt(1 / 2)
    damping: f32, // share of the motion lost per step, 0 to 1
}

@group(0) @binding(0) var<uniform> membrane: Membrane;
@group(0) @binding(1) var<storage, read> before: array<f32>;
@group(0) @binding(2) var<storage, read> now: array<f32>;
@group(0) @binding(3) var<storage, read_write> after: array<f32>;

/// Height of the cell at `cell`, clamped to the grid: beyond the edge the surface goes on level.
fn height_at(cell: vec2i) -> f32 {
    let inside = vec2u(clamp(cell, vec2i(0), vec2i(membrane.size) - 1));
    return now[inside.y * membrane.size.x + inside.x];
}

/// One step of the wave equation for all cells, row by row: heights `after` from those `now` and
/// one step `before`, whose difference is the velocity. Waves are reflected at the edges without
/// turning over. Swap the three buffers round for the next step.
@compute @workgroup_size(8, 8)
fn wave_equation_step(@builtin(global_invocation_id) id: vec3u) {
    if any(id.xy >= membrane.size) {
        return;
    }
    let cell = vec2i(id.xy);
    let index = id.y * membrane.size.x + id.x;
    let here = now[index];
    let beside = height_at(cell - vec2i(1, 0)) + height_at(cell + vec2i(1, 0));
    let along = height_at(cell - vec2i(0, 1)) + height_at(cell + vec2i(0, 1));
    let curvature = beside + along - 4.0 * here;
    let velocity = (1.0 - membrane.damping) * (here - before[index]);
    after[index] = here + velocity + membrane.courant * membrane.courant * curvature;
}
