// Grid: a workgroup of 256 threads for 512 columns of up to 4 rows of the table: those of ids that
// are equal but for their highest bits. Rows of one id are summed in order of position.
// import grid

@group(0) @binding(1) var<storage, read_write> dtable: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;

const IDS: u32 = 4u; // of a workgroup, one every `apart`
const SCANNED: u32 = 1024u; // ids at a time
const WORDS: u32 = SCANNED / 32u;

var<workgroup> matches: array<atomic<u32>, IDS * WORDS>; // for each id a bit for each place
var<workgroup> filled: array<atomic<u32>, IDS>; // a bit for each word that is not 0

// Remembers the place of an id, of those that are looked at, if it is one of the workgroup's.
fn note(id: u32, first: u32, apart: u32, place: u32) {
    let own = id / apart;
    if ((id & (apart - 1u)) == first && own < IDS && place < SCANNED) {
        atomicOr(&matches[own * WORDS + place / 32u], 1u << (place % 32u));
        atomicOr(&filled[own], 1u << (place / 32u));
    }
}

// Adds the rows at the places of an id, of those from `start` on, in two columns.
fn add_places(own: u32, start: u32, columns: vec2u, before: vec2f) -> vec2f {
    var total = before;
    var words = atomicLoad(&filled[own]);
    while (words != 0u) {
        let word = firstTrailingBit(words);
        var bits = atomicLoad(&matches[own * WORDS + word]);
        while (bits != 0u) { // two rows are on their way at once
            let further = bits & (bits - 1u);
            let place = start + word * 32u;
            let first = row_at(place + firstTrailingBit(bits), columns);
            let second = row_at(
                place + firstTrailingBit(select(bits, further, further != 0u)), columns
            );
            total += first;
            total += select(vec2f(), second, further != 0u);
            bits = further & (further - 1u);
        }
        words &= words - 1u;
    }
    return total;
}

fn row_at(row: u32, columns: vec2u) -> vec2f {
    let base = row * params.width;
    return vec2f(dy[base + columns.x], dy[base + columns.y]);
}

fn store_both(id: u32, columns: vec2u, totals: vec2f) {
    store(id, columns.x, totals.x);
    store(id, columns.y, totals.y);
}

fn store(id: u32, column: u32, total: f32) {
    if (id < params.vocabulary && column < params.width) {
        let i = id * params.width + column;
        var gradient = total * params.scale;
        if (params.accumulate != 0u) {
            gradient += dtable[i];
        }
        dtable[i] = gradient;
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let apart = 1u << (32u - countLeadingZeros((params.vocabulary - 1u) / IDS));
    let parts = (params.width + 511u) / 512u;
    let first = group_index(group, groups) / parts;
    if (first >= apart) {
        return;
    }
    let own = group_index(group, groups) % parts * 512u + lane + vec2u(0u, 256u);
    let columns = min(own, vec2u(params.width - 1u));
    var totals = array<vec2f, IDS>();
    for (var start = 0u; start < params.rows; start += SCANNED) {
        if (lane < IDS * WORDS) {
            atomicStore(&matches[lane], 0u);
        }
        if (lane < IDS) {
            atomicStore(&filled[lane], 0u);
        }
        workgroupBarrier();
        let places = start + lane + vec4u(0u, 256u, 512u, 768u);
        let last = min(places, vec4u(params.rows - 1u));
        let found = vec4u(ids[last.x], ids[last.y], ids[last.z], ids[last.w]); // waits once
        let inside = select(vec4u(SCANNED), places - start, places < vec4u(params.rows));
        note(found.x, first, apart, inside.x);
        note(found.y, first, apart, inside.y);
        note(found.z, first, apart, inside.z);
        note(found.w, first, apart, inside.w);
        workgroupBarrier();
        totals[0] = add_places(0u, start, columns, totals[0]);
        totals[1] = add_places(1u, start, columns, totals[1]);
        totals[2] = add_places(2u, start, columns, totals[2]);
        totals[3] = add_places(3u, start, columns, totals[3]);
        workgroupBarrier();
    }
    store_both(first, own, totals[0]);
    store_both(first + apart, own, totals[1]);
    store_both(first + 2u * apart, own, totals[2]);
    store_both(first + 3u * apart, own, totals[3]);
}
