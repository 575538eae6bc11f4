"""The cookbook: bundled WGSL functions with descriptions, to train on, search and read."""
