"""Checkpoints: one file holds all that resuming and generating need.

The tensors "weights.*", "state.*" and "tokenizer" in the container of `tensor_file`, with the
configuration, the model's hash, the step and the progress beside them. Nothing is ever pickled.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any

import msgspec
import numpy as np

from tat.errors import CheckpointError, DivergedError, one_line
from tat.files import READ_AT_ONCE, atomic_file
from tat.tensor_file import ADVICE, VERSION, Shape, TensorEntry, TensorReader, is_finite, write


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that one file holds; configuration and progress are JSON values with finite numbers."""

    weights: dict[str, np.ndarray]
    state: dict[str, np.ndarray]  # of the optimizer and the moving average: "adamw.m"
    tokenizer: bytes
    configuration: dict[str, Any]
    model_hash: str  # of parameter names, shapes and operations
    step: int  # optimizer steps done
    progress: dict[str, Any]  # data position, generator counters, best loss, corpus fingerprint

    @property
    def int8(self) -> bool:
        """Whether its matrices are int8, as `tat export --int8` writes them: only to generate."""
        return any(values.dtype == np.int8 for values in self.weights.values())


@dataclass(frozen=True)
class Summary:
    """All of a checkpoint but its tensors."""

    file_bytes: int
    version: int  # of the format
    step: int
    model_hash: str
    configuration: dict[str, Any]
    progress: dict[str, Any]
    tensors: dict[str, TensorEntry]  # "weights.*", "state.*" and "tokenizer"
    damage: str  # the first damaged tensor and what to do; empty if there is none

    @property
    def intact(self) -> bool:
        return not self.damage


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a checkpoint that is stored beside its tensors."""

    configuration: dict[str, Any]
    model_hash: str
    progress: dict[str, Any]
    step: Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` atomically: `path` holds the old file or the new one, never a part.

    Raises DivergedError for NaN or infinity and FileError if writing fails; the old file stays.
    """
    tensors = {f"weights.{name}": array for name, array in checkpoint.weights.items()}
    tensors |= {f"state.{name}": array for name, array in checkpoint.state.items()}
    for name, array in tensors.items():
        if not is_finite(array):
            raise DivergedError(
                f"step {checkpoint.step}: {name} has NaN or infinity and is not saved; "
                "resume from the last checkpoint with a smaller train.lr"
            )
    tensors["tokenizer"] = np.frombuffer(checkpoint.tokenizer, np.uint8)
    content = _Content(
        checkpoint.configuration, checkpoint.model_hash, checkpoint.progress, checkpoint.step
    )
    with atomic_file(path) as file:
        write(file, tensors, {name: getattr(content, name) for name in content.__struct_fields__})


def load(path: Path, *, expect_weights: Mapping[str, Shape] | None = None) -> Checkpoint:
    """Read and check the whole file; if anything is wrong, CheckpointError and nothing else.

    With `expect_weights`, a file of another model is refused before its tensors are read.
    """
    with _opened(path) as (reader, content):
        shapes = {name: entry.shape for name, entry in reader.entries.items()}
        if expect_weights is not None:
            check_weights(path, _below("weights", shapes), expect_weights)
        arrays = reader.read()
    return Checkpoint(
        weights=_below("weights", arrays),
        state=_below("state", arrays),
        tokenizer=arrays["tokenizer"].tobytes(),
        configuration=content.configuration,
        model_hash=content.model_hash,
        step=content.step,
        progress=content.progress,
    )


def inspect(path: Path) -> Summary:
    """Verify the file in a megabyte of memory and return all but its tensors.

    Raises CheckpointError if the header cannot be trusted; the summary tells of damaged tensors.
    """
    with _opened(path) as (reader, content):
        damage = ""
        try:
            reader.verify()
        except ValueError as error:
            damage = one_line(str(error))
    return Summary(
        file_bytes=reader.file_bytes,
        version=VERSION,
        step=content.step,
        model_hash=content.model_hash,
        configuration=content.configuration,
        progress=content.progress,
        tensors=reader.entries,
        damage=damage,
    )


def check_weights(path: Path, found: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Raise CheckpointError unless the weights `found` in `path` are the `expected`."""
    for name in sorted({*found, *expected}):
        here, wanted = (list(s[name]) if name in s else "missing" for s in (found, expected))
        if here != wanted:
            raise _error(
                path,
                f"weight {one_line(name, 100)} is {here} in the file and {wanted} in the model; "
                "use a checkpoint of this model, or the configuration inside the checkpoint",
            )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[TensorReader, _Content]]:
    """The verified header of `path`; any error in the block becomes CheckpointError."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("not a regular file; name one that `tat train` wrote")
            reader = TensorReader(file)
            yield reader, _checked_content(reader)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise _error(path, reason) from error
    except ValueError as error:
        raise _error(path, str(error)) from error
    except MemoryError as error:
        raise _error(path, "does not fit the memory that is left; free some") from error


def _open_at_once(path: str, flags: int) -> int:
    # Opening a FIFO would otherwise wait for a writer.
    return os.open(path, flags | READ_AT_ONCE)


def _checked_content(reader: TensorReader) -> _Content:
    tokenizer = reader.entries.get("tokenizer")
    if tokenizer is None or tokenizer.dtype != "U8":
        raise ValueError(f"no tokenizer inside; {ADVICE}")
    for name in reader.entries:
        if name != "tokenizer" and not name.startswith(("weights.", "state.")):
            raise ValueError(f"tensor {name} is neither a weight nor state; {ADVICE}")
    try:
        return msgspec.convert(reader.content, _Content)
    except msgspec.ValidationError as error:
        raise ValueError(f"its content is not a checkpoint's: {error}; {ADVICE}") from error


def _below(prefix: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """The items whose names begin with `prefix` and a dot, without both."""
    start = len(prefix) + 1
    return {name[start:]: item for name, item in named.items() if name.startswith(f"{prefix}.")}


def _error(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(one_line(f"{path}: {reason}", limit=1000))
