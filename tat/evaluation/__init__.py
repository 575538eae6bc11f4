"""Judges generated functions, and estimates how certain the figures are."""
