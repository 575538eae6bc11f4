"""The parts of a benchmark: its row in the table, its setting, its workload."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tat.backends.backend import Backend
from tat.backends.opening import open_backend
from tat.config import Config
from tat.errors import TatError


@dataclass(frozen=True)
class Setting:
    """The setting of a workload: the model's shape, and the device."""

    config: Config
    open_backend: Callable[[int], Backend]  # takes a number of threads

    @classmethod
    def of(cls, config: Config, device: str = "cpu") -> "Setting":
        """The backends of a --device value."""
        alignment = config.memory.alignment
        return cls(config, lambda threads: open_backend(device, threads, alignment))

    def backend(self) -> Backend:
        """A backend with the configured threads."""
        return self.open_backend(self.config.threads)


@dataclass(frozen=True)
class Subject:
    """A workload that is ready to run."""

    run: Callable[[], object]
    check: Callable[[], None]  # TatError if the result is wrong; may run it
    units: int = 1  # of work in a run, such as tokens; times are for one of them
    plan_hash: str = ""


@dataclass(frozen=True)
class Benchmark:
    """A row of the table of benchmarks."""

    name: str
    summary: str
    unit: str  # "ms" or "µs"
    make: Callable[[Setting], AbstractContextManager[Subject]]
    target: str = ""  # its key in [targets], which is for the default model
    on_device: bool = False  # whether it runs on any device, or on the host alone


def require_close(what: str, got: float, bound: float) -> None:
    """TatError if an error is above its bound, or is no number."""
    if not got <= bound:
        raise TatError(f"{what} is off by {got:.1e} of its largest value; it must be {bound:.0e}")
