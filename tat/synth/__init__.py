"""WGSL functions that are written by rules: tables of concepts, and an engine that tells them."""
