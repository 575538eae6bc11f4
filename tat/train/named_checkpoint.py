"""The checkpoint that a RUN argument names: a run's newest, a file, or the bundled model."""

import os
from pathlib import Path

from tat.checkpoint import Checkpoint, load
from tat.errors import FileError
from tat.files import pointed
from tat.resources import BUNDLED, resource
from tat.train.run_folder import RunFolder


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that RUN, FILE or `bundled` names.

    FILE is returned as it is, for `load` to judge.
    """
    if is_bundled(path):
        return bundled_model()
    if os.path.isdir(path):
        return RunFolder.open(path, write=False).newest()
    named = pointed(path)  # RUN/latest on a drive without links
    return named if os.path.isfile(named) and not path.is_symlink() else path


def load_checkpoint(path: Path) -> tuple[Path, Checkpoint]:
    """The checkpoint that RUN, FILE or `bundled` names and where it lies.

    Raises CheckpointError if it is damaged, FileError where there is none.
    """
    if not is_bundled(path) and os.path.isdir(path):
        return RunFolder.open(path, write=False).latest_good()
    path = find_checkpoint(path)
    return path, load(path)


def is_bundled(path: Path) -> bool:
    """Whether a RUN argument names the model that ships with tat, and no file of the user's."""
    return path == BUNDLED and not path.exists()


def tuned_from_bundled(checkpoint: Checkpoint) -> bool:
    """Whether training began with the model that ships with tat (`tat train --from bundled`)."""
    origin = checkpoint.progress.get("origin") or {}
    return origin.get("name") == str(BUNDLED)


def bundled_model() -> Path:
    """The model that ships with tat; FileError where a checkout or a package lacks it."""
    path = resource("models", "bundled.safetensors")
    if not path.is_file():
        raise FileError(
            "the bundled model is not here: this copy of tat came without tat/models/"
            "bundled.safetensors; take it from a release or the repository, train one with"
            " `make model`, or name your own with --run"
        )
    return path
