"""Several sandboxes for several threads: modules are validated and run side by side."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b

from tat import machine
from tat.wgsl.protocol import Reply, Request, Validate, Verdict
from tat.wgsl.sandbox import R, Sandbox, T

# Threads that wait for `each`: naga takes half as long for a module as asking it takes here, and a
# child that opens a device takes as long as a thousand modules.
_ASKING = 4
_AHEAD = 4  # items of each thread that may wait for it
_REMEMBERED = (
    1 << 17
)  # verdicts; of 3,115 questions about 20 hard functions 1,088 were asked before


class SandboxPool(Sandbox):
    """A sandbox for any thread; each thread that asks has a child to itself meanwhile.

    A child starts when it is first needed. A module that was judged before has its verdict still.
    """

    def __init__(self, threads: int = 0, validation_seconds: float = 10.0) -> None:
        """By default `results` has a thread for each core of this process; `each` has a few."""
        super().__init__(validation_seconds)
        self._count = threads or machine.cores()
        asking = min(self._count, _ASKING)
        self._all = [Sandbox(validation_seconds) for _ in range(self._count + asking + 1)]
        self._free = deque(self._all)
        self._room = threading.BoundedSemaphore(len(self._all))
        self._verdicts: dict[bytes, Verdict] = {}
        # Two groups: what `each` waits for does not stand behind what `results` has begun.
        self._each = ThreadPoolExecutor(asking, "each")
        self._results = ThreadPoolExecutor(self._count, "results")

    def each(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The results of a work that may ask the sandbox, in order; items are side by side."""
        if len(items) < 2 or self._count == 1:
            return [*map(work, items)]
        return list(self._each.map(work, items))

    def results(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in order; several items are worked on while the next ones come."""
        begun: deque[Future[R]] = deque()
        for item in items:
            begun.append(self._results.submit(work, item))
            while begun and (begun[0].done() or len(begun) > _AHEAD * self._count):
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()

    def close(self) -> None:
        """End the threads, after what they do now, and all children."""
        for threads in (self._each, self._results):
            threads.shutdown(cancel_futures=True)
        for sandbox in self._all:
            sandbox.close()

    def _ask(self, request: Request, seconds: float) -> Reply:
        if not isinstance(request, Validate):
            return self._asked(request, seconds)
        module = blake2b(request.source.encode(), digest_size=16).digest()
        reply = self._verdicts.get(module) or self._asked(request, seconds)
        if isinstance(reply, Verdict):  # and no failure, which says nothing of the module
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            self._verdicts[module] = reply
        return reply

    def _asked(self, request: Request, seconds: float) -> Reply:
        with self._taken() as sandbox:
            return sandbox._ask(request, seconds)

    @contextmanager
    def _taken(self) -> Iterator[Sandbox]:
        with self._room:
            sandbox = self._free.pop()  # the last one that was used: its child is there
            try:
                yield sandbox
            finally:
                self._free.append(sandbox)
