"""The checkpoint that a command line names, or the model that ships with tat."""

import sys
from pathlib import Path

from tat.checkpoint import Checkpoint
from tat.train.named_checkpoint import is_bundled, load_checkpoint


def named_checkpoint(run: Path, *, quiet: bool) -> tuple[Path, Checkpoint]:
    """Path and content of the checkpoint of --run; says so if it is the bundled model."""
    path, checkpoint = load_checkpoint(run)
    if is_bundled(run) and not quiet:
        print("tat: model: bundled (`tat inspect bundled` has its card)", file=sys.stderr)
    return path, checkpoint
