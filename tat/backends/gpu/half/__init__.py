"""Half precision: which tensors are stored in f16, the weights' copies, conversion on the host."""
