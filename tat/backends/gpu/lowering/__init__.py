"""From kernel calls to dispatches: passes and grids by family, parameters, and slicing."""
