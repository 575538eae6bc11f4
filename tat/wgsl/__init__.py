"""The shading language: tokens, declarations, and the child process that validates and runs it."""
