// dq and dkv. Grid: x heads, y batch; 256 threads; blocks of 64 keys, each over tiles of queries.
// Order: products over e upwards, dq over sources and keys upwards, dkv over queries upwards.
// For heads of 64 columns.
// also attention_backward.head64_half: attention_head64_half for attention_head64_full
// import attention_lowest
// import attention_operands
// import attention_head64_operands
// import attention_head64
// import attention_head64_full
// import attention_head64_backward
