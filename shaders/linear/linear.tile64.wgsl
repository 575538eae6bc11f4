// Grid: 128 x 64 elements for each workgroup of 128 threads.
// import linear_tile

const COLUMNS: u32 = 64u; // of a workgroup
