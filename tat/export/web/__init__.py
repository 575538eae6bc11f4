"""A model as one web page: its plans recorded for WebGPU, and a player that replays them."""
