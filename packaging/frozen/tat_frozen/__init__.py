"""What the released program has besides tat: its start, its kernel cache, its software GPU."""
