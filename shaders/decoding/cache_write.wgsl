// Grid: a thread for each element of x, 256 a workgroup. No reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> position: array<u32>;

fn elements() -> u32 {
    return params.batch * params.width;
}

fn make_element(i: u32) {
    let row = i / params.width;
    let place = min(position[row], params.length - 1u);
    cache[(row * params.length + place) * params.width + i % params.width] = x[i];
}
