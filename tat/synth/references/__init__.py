"""NumPy references of families, in float64: references/AREA.py has a function for each name."""
