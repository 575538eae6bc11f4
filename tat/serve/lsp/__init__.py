"""The language server: WGSL in an editor, over standard input and output or TCP."""
