"""Recording commands: a command buffer for each run, the next one while the GPU does this one."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.native import RawDispatch, record


@dataclass(frozen=True)
class BoundDispatch:
    """A dispatch as the encoder takes it, and the bind group that must live as long."""

    raw: RawDispatch
    group: Any


BoundCalls = Sequence[Sequence[BoundDispatch]]  # the dispatches of each call


@cache
def _finisher() -> ThreadPoolExecutor:
    """The thread that finishes what is recorded ahead; a process that ends waits for it."""
    return ThreadPoolExecutor(1, "tat-recorder")


class CommandRecorder:
    """Makes command buffers, each of which can be submitted once.

    Half of the time is wgpu's check of the whole: for a run that is recorded ahead, a thread of its
    own waits for that, and an error there is raised where the commands are asked for.
    """

    def __init__(self, device: Device, name: str) -> None:
        """name: of who runs there, for errors."""
        self._device, self._name = device, name
        self._ahead: Future[Any] | None = None  # commands of the next run, before it is asked for
        self._ahead_times = 0

    def record(self, calls: BoundCalls) -> Any:
        """Commands of these calls."""
        with reported(f"running on {self._name}"):
            return self._encoded(calls).finish()

    def _encoded(self, calls: BoundCalls) -> Any:
        encoder = self._device.handle.create_command_encoder()
        compute_pass = encoder.begin_compute_pass()
        encode(compute_pass, calls)
        compute_pass.end()
        return encoder

    def commands(self, calls: BoundCalls, times: int) -> Any:
        """Commands of all calls, `times` times: those recorded ahead, if they are the same."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or self._ahead_times != times:
            return self.record([*calls] * times)
        with reported(f"running on {self._name}"):
            return ahead.result()

    def record_ahead(self, calls: BoundCalls, times: int) -> None:
        """Records the next run, unless that is done."""
        if self._ahead is None:
            with reported(f"running on {self._name}"):
                encoder = self._encoded([*calls] * times)
            self._ahead, self._ahead_times = _finisher().submit(encoder.finish), times

    def forget(self) -> None:
        """Drops what was recorded ahead: its calls are bound to other memory now."""
        self._ahead = None


def encode(compute_pass: Any, calls: BoundCalls) -> None:
    """Records calls into a pass of wgpu's."""
    record(compute_pass, (bound.raw for call in calls for bound in call))


def flattened(calls: Iterable[Iterable[Any]]) -> Iterable[Any]:
    """All dispatches of all calls."""
    return (dispatch for call in calls for dispatch in call)
