"""From files to feeds: sources (files), corpus (samples), tokenizer (ids), batches (arrays)."""
