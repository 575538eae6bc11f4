"""The NumPy kernels: the definition of every operation, in any float type, for all backends."""
