// Grid: a thread for each element of dlogits, 256 a workgroup. No reduction.
// import scalars
// import cross_entropy_slopes
// import cross_entropy_aim
