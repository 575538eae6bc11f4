"""The feeds of a loss program, from a batch."""

from tat.backends.backend import Executable
from tat.data.batches import Batch


def write_batch(executable: Executable, batch: Batch) -> None:
    """Sets the feeds that a loss program takes from a batch."""
    executable.write("sources", batch.sources)
    executable.write("source_lengths", batch.source_lengths)
    executable.write("inputs", batch.inputs)
    executable.write("targets", batch.targets)
    executable.write("target_lengths", batch.target_lengths[:, None])
