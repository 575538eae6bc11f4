"""The cookbook: bundled WGSL functions with descriptions, to train on, to retrieve and to read."""
