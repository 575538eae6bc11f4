// Grid: a thread for each element of the cache, 256 a workgroup. No reduction.
// import each_element

@group(0) @binding(1) var<storage, read_write> cache: array<f32>;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read> counts: array<u32>;

fn elements() -> u32 {
    return params.batch * params.length * params.width;
}

fn make_element(i: u32) {
    let sequence = i / (params.length * params.width);
    let place = i / params.width % params.length;
    let held = index[sequence];
    // An index that the host wrote as -1 is the largest u32 here: no sequence either.
    if (held >= params.source_batch || place >= min(counts[sequence], params.source_length)) {
        return;
    }
    cache[i] = source[(held * params.source_length + place) * params.width + i % params.width];
}
