// The score of keys that are not seen.

const LOWEST: f32 = -3.0e38; // below every score, and finite: WGSL promises no infinities
