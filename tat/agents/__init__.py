"""Agents that watch over the engine; each is thin, over what the rooms to the left offer."""
