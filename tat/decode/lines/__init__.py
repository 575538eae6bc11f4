"""Gaps of one line: what may stand there, and which of it is right most often."""
