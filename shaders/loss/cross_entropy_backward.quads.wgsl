// Where the vocabulary is in fours. Grid: a thread for 4 elements of dlogits, 256 a workgroup. No
// reduction.
// import quads
// import cross_entropy_slopes
// import cross_entropy_aim
