"""Training: the optimizer, the trainer, and the session and folder of a run."""
