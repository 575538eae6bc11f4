"""The Transformer, written once over the vocabulary of operations; it traces and never computes."""
