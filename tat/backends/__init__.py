"""Backends replay plans: write the feeds, run, read the metrics."""
