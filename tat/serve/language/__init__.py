"""WGSL as an editor sees it: symbols of a text that is being written, their types, completion."""
