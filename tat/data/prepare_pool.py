"""Child processes that prepare parts of a corpus, and tasks for them."""

import subprocess
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from tat.data import corpus_relations
from tat.data.prepare_child import receive, send
from tat.data.prepare_tasks import TASKS, packed_task
from tat.errors import CorpusError, FileError
from tat.resources import program


class Pool:
    """Child processes that do tasks; some more wait, so that none is idle."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._children: list[subprocess.Popen[bytes]] = []
        self._own, self._pending = threading.local(), set[Future[None]]()

    def __enter__(self) -> "Pool":
        self._threads = ThreadPoolExecutor(self._workers, "prepare")
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.wait()
        corpus_relations.forget()  # a single worker is this process

    def do(self, name: str, *arguments: Any) -> None:
        """Has a task done; what went wrong with an earlier one is raised."""
        while len(self._pending) >= 2 * self._workers:
            self._collect(FIRST_COMPLETED)
        if self._workers == 1:
            TASKS[name](*arguments)
        else:
            self._pending.add(self._threads.submit(self._send, packed_task(name, arguments)))

    def finish(self) -> None:
        """Waits for all tasks."""
        while self._pending:
            self._collect(FIRST_COMPLETED)

    def _collect(self, when: str) -> None:
        done, self._pending = wait(self._pending, return_when=when)
        for future in done:
            future.result()

    def _send(self, task: bytes) -> None:
        child = getattr(self._own, "child", None)
        if child is None:
            child = self._own.child = subprocess.Popen(
                [*program(), "_prepare-child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._children.append(child)
        send(child.stdin, task)
        message = receive(child.stdout)
        if message is None:
            raise CorpusError("a process that prepares the corpus ended; is there enough memory?")
        if message:
            kind, _, text = message.decode().partition(" ")
            raise (FileError if kind == "file" else CorpusError)(text)
