"""The vocabulary of operations: tracing, gradients and plans. Nothing here computes a number."""
