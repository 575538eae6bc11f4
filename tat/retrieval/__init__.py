"""Finding WGSL by words: chunks (what is found), words (how text is cut), index, query."""
