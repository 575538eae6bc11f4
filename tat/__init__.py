"""tat, the Tiny Agent Trainer: an encoder-decoder Transformer engine for WGSL."""

__version__ = "1.0.0.dev0"
