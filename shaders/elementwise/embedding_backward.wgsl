// Grid: a workgroup of 256 threads for 256 columns of a row of the table, a thread for each column.
// Rows of one id are summed in order of position.
// import grid

@group(0) @binding(1) var<storage, read_write> dtable: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;

const SCANNED: u32 = 1024u; // ids at a time
const WORDS: u32 = SCANNED / 32u;

var<workgroup> matches: array<atomic<u32>, WORDS>; // a bit for each id
var<workgroup> filled: atomic<u32>; // a bit for each word that is not 0

// Remembers that an id, of those that are looked at, is the workgroup's.
fn note(same: bool, place: u32) {
    if (same) {
        atomicOr(&matches[place / 32u], 1u << (place % 32u));
        atomicOr(&filled, 1u << (place / 32u));
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let parts = (params.width + 255u) / 256u;
    let id = group_index(group, groups) / parts;
    if (id >= params.vocabulary) {
        return;
    }
    let column = group_index(group, groups) % parts * 256u + lane;
    var total = 0.0;
    for (var start = 0u; start < params.rows; start += SCANNED) {
        if (lane < WORDS) {
            atomicStore(&matches[lane], 0u);
            atomicStore(&filled, 0u);
        }
        workgroupBarrier();
        let places = start + lane + vec4u(0u, 256u, 512u, 768u);
        let last = min(places, vec4u(params.rows - 1u));
        let found = vec4u(ids[last.x], ids[last.y], ids[last.z], ids[last.w]); // waits once
        let same = (found == vec4u(id)) & (places < vec4u(params.rows));
        note(same.x, places.x - start);
        note(same.y, places.y - start);
        note(same.z, places.z - start);
        note(same.w, places.w - start);
        workgroupBarrier();
        var words = atomicLoad(&filled);
        while (words != 0u && column < params.width) {
            let word = firstTrailingBit(words);
            var bits = atomicLoad(&matches[word]);
            while (bits != 0u) {
                let row = start + word * 32u + firstTrailingBit(bits);
                total += dy[row * params.width + column];
                bits &= bits - 1u;
            }
            words &= words - 1u;
        }
        workgroupBarrier();
    }
    if (column < params.width) {
        let i = id * params.width + column;
        var gradient = total * params.scale;
        if (params.accumulate != 0u) {
            gradient += dtable[i];
        }
        dtable[i] = gradient;
    }
}
