// Grid: 128 x 128 elements for each workgroup of 256 threads.
// import linear_tile

const COLUMNS: u32 = 128u; // of a workgroup
