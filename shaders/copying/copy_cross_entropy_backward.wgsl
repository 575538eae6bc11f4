// Grid: a thread for each Element of dlogits, 256 a workgroup. No reduction.
// also copy_cross_entropy_backward.quads: quads for scalars
// import scalars
// import cross_entropy_slopes
// import copy_target_share
