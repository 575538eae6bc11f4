"""Files to samples, samples to token ids, ids to batches of arrays."""
