"""The parts of the released program besides tat: start, kernel cache, software GPU."""
