// request: clip the history colour in temporal anti-aliasing
// paraphrase: pull a TAA history sample towards the neighbourhood's colour box to stop ghosting
// paraphrase: clip a color to an axis-aligned box along the line to its centre
// family: temporal filtering
// tags: taa, antialiasing, temporal, color
// difficulty: 2
// split: test
// source: L. Pedersen, "Temporal Reprojection Anti-Aliasing in INSIDE", GDC 2016

/// The point nearest to `history` on the way from there to the centre of the box from `low` to
/// `high` that lies in the box: `history` itself if it is inside. The box spans the colours seen
/// around the pixel in the current frame. Clamping each channel by itself would shift the hue.
fn clip_history(history: vec3f, low: vec3f, high: vec3f) -> vec3f {
    let centre = 0.5 * (low + high);
    // A box without extent along an axis must not divide 0 by 0.
    let reach = max(0.5 * (high - low), vec3f(1e-6));
    let way = history - centre;
    let excess = abs(way) / reach;
    let furthest = max(max(excess.x, excess.y), max(excess.z, 1.0));
    return centre + way / furthest;
}
