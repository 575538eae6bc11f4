"""Training: the optimizer, the trainer, and the folder in which a run keeps what it makes."""
