// Grid: a thread for each Element of dlogits, 256 a workgroup. No reduction.
// also cross_entropy_backward.quads: quads for scalars
// import scalars
// import cross_entropy_slopes
// import target_share
