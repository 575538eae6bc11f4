"""Recording commands: a command buffer for each run, the next one while the GPU does this one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.native import RawDispatch, check_alive, record
from tat.backends.gpu.recording_thread import RecordingThread, table


@dataclass(frozen=True)
class BoundDispatch:
    """A dispatch as the encoder takes it, and the bind group that must live as long."""

    raw: RawDispatch
    group: Any


BoundCalls = Sequence[Sequence[BoundDispatch]]  # the dispatches of each call


class CommandRecorder:
    """Makes command buffers, each of which can be submitted once."""

    def __init__(self, device: Device, name: str, thread: RecordingThread) -> None:
        """name: of who runs there, for errors. thread: records ahead where it runs."""
        self._device, self._name, self._thread = device, name, thread
        self._ahead: dict[int, Callable[[], Any]] = {}  # wait for commands of so many runs
        self._times = 0  # of the last run
        self._rows: dict[int, Array] = {}  # tables of all calls, so many times

    def record(self, calls: BoundCalls) -> Any:
        """Commands of these calls."""
        with reported(f"running on {self._name}"):
            encoder = self._device.handle.create_command_encoder()
            compute_pass = encoder.begin_compute_pass()
            encode(compute_pass, calls)
            compute_pass.end()
            return encoder.finish()

    def commands(self, calls: BoundCalls, times: int) -> Any:
        """Commands of all calls, `times` times: those recorded ahead, if there are any."""
        ahead = self._ahead.pop(times, None)
        found = ahead() if ahead else None
        if found is None:
            return self.record([*calls] * times)  # which tells what is wrong with them
        with reported(f"running on {self._name}"):
            check_alive(self._device.handle)
        return found

    def record_ahead(self, calls: BoundCalls, times: int) -> None:
        """Records for another run like the last one: while the GPU does that.

        The thread keeps commands ready for any number of times that came up. Without it, that pays
        only for one that came up twice in a row.
        """
        again, self._times = self._times == times, times
        if times in self._ahead:
            return
        if times not in self._rows:
            self._rows[times] = np.tile(table(_raw(calls)), (times, 1))
        if self._thread.runs(len(self._rows[times])):
            self._ahead[times] = self._thread.record(self._rows[times], calls).wait
        elif again:
            commands = self.record([*calls] * times)
            self._ahead = {times: lambda: commands}

    def forget(self) -> None:
        """Drops what was recorded ahead: its calls are bound to other memory now."""
        self._ahead, self._rows = {}, {}


def encode(compute_pass: Any, calls: BoundCalls) -> None:
    """Records calls into a pass of wgpu's."""
    record(compute_pass, _raw(calls))


def _raw(calls: BoundCalls) -> Iterable[RawDispatch]:
    return (bound.raw for call in calls for bound in call)


def flattened(calls: Iterable[Iterable[Any]]) -> Iterable[Any]:
    """All dispatches of all calls."""
    return (dispatch for call in calls for dispatch in call)
