"""Commands in their order, several to a submit: between two submits a GPU idles for 20 to 60 µs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tat.backends.gpu.device import Device, reported


class Submissions:
    """What goes to the queue of a device. Each add() is a submit, but for those in together()."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._held: list[Any] = []
        self._then: list[Callable[[], None]] = []
        self._gathering = 0

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is added inside is submitted at the end, or before something that must be later."""
        self._gathering += 1
        try:
            yield
        finally:
            self._gathering -= 1
            with reported(f"running on {self._device.name}"):
                self.flush()

    def add(self, commands: Sequence[Any]) -> None:
        """Queues command buffers."""
        self._held += commands
        if not self._gathering:
            self.flush()

    def afterwards(self, action: Callable[[], None]) -> None:
        """Has something done when all that was added is submitted."""
        self._then.append(action)
        if not self._held:
            self.flush()

    def flush(self) -> None:
        """Submits what waits: before a buffer is written, read or destroyed."""
        held, then = self._held, self._then
        self._held, self._then = [], []
        if held:
            self._device.handle.queue.submit(held)
        for action in then:
            action()
