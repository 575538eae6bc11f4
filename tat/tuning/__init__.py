"""The search for training settings (`tat tune`), which is also an agent after the phases."""
