"""The CPU backend: NumPy kernels in any float type, and Numba kernels over them."""
