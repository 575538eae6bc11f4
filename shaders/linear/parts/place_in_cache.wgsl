// A row of a result is stored in the cache of its sequence, at its position.

@group(0) @binding(_) var<storage, read> position: array<u32>;

fn place(row: u32) -> u32 {
    return row * params.length + min(position[row], params.length - 1u);
}
