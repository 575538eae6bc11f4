"""The shading language: lexer, grammar, scope, declarations, and the sandbox that runs it."""
