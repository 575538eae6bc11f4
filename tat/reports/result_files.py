"""Reads the JSON files that scripts of bench/ wrote, as strictly as foreign files."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from tat.errors import FileError, one_line

Curve = list[tuple[Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)]]]  # x, y
T = TypeVar("T")

_Size = Annotated[float, Meta(ge=0)]


class Ratio(msgspec.Struct, frozen=True):
    """The ratio of tat's time to a peer's, measured in turns in one run."""

    ratio: float
    peer: str = ""


class GpuStep(msgspec.Struct, frozen=True):
    """Seconds of training steps on a GPU, in turns with PyTorch."""

    device: str
    tat_s: list[Annotated[float, Meta(gt=0)]]
    torch_s: list[Annotated[float, Meta(gt=0)]]


class GrowthPoint(msgspec.Struct, frozen=True):
    """A training step with one extent set to `value`."""

    value: _Size
    seconds: _Size
    weights_bytes: _Size
    state_bytes: _Size
    arena_bytes: _Size


class Growth(msgspec.Struct, frozen=True):
    """Cost over the extents of model and batch, by name of the varied extent."""

    about: str
    axes: dict[str, list[GrowthPoint]]


class LossCurves(msgspec.Struct, frozen=True):
    """The loss curves of a run, as bench/curve.py stores them."""

    training_loss: Curve
    validation_loss: Curve = []


class ResultFiles:
    """A folder of result files; a missing one is None."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def part(self, kind: type[T], file: str, *keys: str) -> T | None:
        """The value below `keys` in a file, as `kind`; FileError if it is something else."""
        found = self._decoded(file)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return None
        try:
            return msgspec.convert(found, kind)
        except msgspec.ValidationError as error:
            where = " / ".join((str(self.folder / file), *keys))
            raise FileError(f"{where}: {error}; make it anew with its script") from None

    def losses(self) -> dict[str, LossCurves]:
        """The kept curves by name of their file."""
        names = sorted(path.name for path in self.folder.glob("*.json"))
        kept = [n for n in names if self.part(Any, n, "training_loss") is not None]
        return {Path(name).stem: self.part(LossCurves, name) for name in kept}

    def _decoded(self, file: str) -> Any:
        path = self.folder / file
        try:
            return msgspec.json.decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise FileError(f"{path}: no results: {one_line(str(error))}") from None
