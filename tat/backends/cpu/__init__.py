"""The CPU backend: plans on the reference, or on compiled kernels of the same names."""
