"""WGSL inside other files: strings of other languages, preprocessors, imports, and true places."""
