"""From a prompt to text: a loaded model, its caches and the search."""
