"""The protocol of a backend: compile a plan once, then write feeds, run and read metrics."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from numpy import ndarray as Array

from tat.ops.graph import Tensor
from tat.ops.plan import Memory, Plan


class Executable(Protocol):
    """A compiled plan."""

    plan: Plan

    def write(self, name: str, values: Array) -> None:
        """Sets a feed; its elements are converted to the feed's type."""

    def write_rows(self, name: str, rows: Sequence[int], values: Array) -> None:
        """Sets these rows, in rising order, of a feed that the other rows of stay as they are."""

    def run(self, times: int = 1) -> None:
        """Replays all calls, several times one after another."""

    def read(self, name: str) -> Array:
        """A copy of a metric."""

    def fetch(self, name: str) -> Callable[[], Array]:
        """A copy of a metric as the runs so far leave it: calling the result waits for them."""

    def fetch_rows(self, name: str, rows: Sequence[int]) -> Callable[[], Array]:
        """The same of these rows [R, W] of a metric of last axis W, in float32: its other axes
        count as one."""

    def run_call(self, index: int) -> None:
        """Replays one call alone."""

    def value(self, tensor: Tensor) -> Array:
        """A copy of any tensor of the plan as it is now, temporaries included."""

    def set_value(self, tensor: Tensor, values: Array) -> None:
        """Overwrites any tensor of the plan."""

    def first_non_finite(self) -> str | None:
        """Replays call by call and names the first output that is NaN or infinite, or None."""


class Backend(Protocol):
    """Owner of the persistent tensors, which all its executables share by name."""

    name: str  # for metrics: "cpu (numpy, 2 threads)"
    memory: Memory
    lanes: int  # executables that may run at once, each with an arena and gradients of its own
    queues: bool  # whether run() returns before the work is done
    # Whether a row of an inference plan has the same bits among others and alone. It becomes False
    # when a plan is compiled for which that does not hold.
    rows_alike: bool
    takes_int8: bool  # whether it has kernels for int8 weights
    remark: str  # why this device was chosen, in a line for the user; "" if there is nothing to say

    def compile(self, plan: Plan, lane: int = 0) -> Executable:
        """Binds a plan to storage."""

    def together(self) -> AbstractContextManager[None]:
        """Runs inside this block may reach the device together, at its end."""

    def write(self, tensor: Tensor, values: Array, lane: int = 0) -> None:
        """Sets a persistent tensor; its storage is made when it is first named."""

    def fetch(
        self, tensor: Tensor, lane: int = 0, into: Array | None = None
    ) -> Callable[[], Array]:
        """A persistent tensor, or a view of one, flat, as the runs so far leave it.

        The returned function waits for it. Call it before the next run that changes it. A device
        of its own memory puts it `into` an array, if one is given.
        """

    def store(self, tensor: Tensor, values: Array) -> None:
        """Sets a persistent tensor, or a view of one, to flat float32 values as they are."""

    def read(self, tensor: Tensor, lane: int = 0) -> Array:
        """A copy of a persistent tensor."""

    def view(self, tensor: Tensor, lane: int = 0) -> Array:
        """The same, read-only and without a copy where possible: valid until the next run."""
