"""Prompts to texts: a loaded model, its caches, batches of streams, and the search."""
