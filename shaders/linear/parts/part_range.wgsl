// The range of k that a part of split-K sums up.
// The importer declares: const DEPTH.

// From where to where, of `depth` in all: steps of DEPTH, dealt out evenly.
fn part_range(depth: u32, part: u32, parts: u32) -> vec2u {
    let steps = depth / DEPTH;
    return vec2u(part * steps / parts, (part + 1u) * steps / parts) * DEPTH;
}
