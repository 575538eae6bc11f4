// The heads of q and of kv [.., keys then values] that a workgroup of an attention pass works on.

// Where this workgroup stands; set at the start of main.
var<private> head_start: u32; // column of the head
var<private> size: u32; // columns of the head
var<private> first_column: u32; // of 64 columns of the result, within the head
var<private> first_query: u32; // row of q
var<private> end_query: u32; // one behind the sequence's last row of q
var<private> first_key: u32; // row of kv
var<private> end_key: u32; // one behind the last row of kv that counts

// Which queries see which keys, both counted within their sequences, of which `reach` keys count.
fn visible(keys: vec4u, reach: u32, queries: vec4u) -> vec4<bool> {
    let known = (keys < vec4u(reach)) & (queries < vec4u(params.queries));
    return known & (vec4<bool>(params.causal == 0u) | (keys <= queries));
}
