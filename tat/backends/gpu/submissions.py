"""Commands in their order, several to a submit: between two submits a GPU idles for 20 to 60 µs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from tat.backends.gpu.device import Device, reported
from tat.errors import DeviceError


class Submissions:
    """The queue of a device. Each add() is a submit, except inside together()."""

    def __init__(self, device: Device, name: str) -> None:
        """name: of who runs there, for errors."""
        self._device, self._name = device, name
        self._held: list[Any] = []
        self._then: list[Callable[[], object]] = []
        self._gathering = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commands added inside are submitted at the end, or before work that must come later."""
        self._gathering += 1
        try:
            yield
        except BaseException:
            with suppress(DeviceError):  # the first failure is the one to tell
                self.flush()
            raise
        finally:
            self._gathering -= 1
        self.flush()

    def add(self, commands: Sequence[Any]) -> None:
        """Queues command buffers."""
        self._held += commands
        if not self._gathering:
            self.flush()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Runs an action once all commands so far are submitted, but not if that fails."""
        self._then.append(action)
        if not self._held:
            self.flush()

    def flush(self) -> None:
        """Submits all waiting commands: before a buffer is written, read or destroyed."""
        held, then = self._held, self._then
        self._held, self._then = [], []
        if held:
            with reported(f"running on {self._name}"):
                self._device.handle.queue.submit(held)
        with ExitStack() as stack:  # one that fails does not keep the others from being done
            for action in reversed(then):
                stack.callback(action)
