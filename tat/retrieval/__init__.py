"""Finding WGSL by words: chunks to find, words to find them by, index and query."""
