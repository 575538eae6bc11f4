"""The CPU backend: NumPy kernels in any float type, Numba kernels over them where it is installed."""
