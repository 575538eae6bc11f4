"""Serving: the model, the library and the validator for editors and browsers (LSP and HTTP)."""

PORT = 8012  # of HTTP, where llama.vim looks for a server
