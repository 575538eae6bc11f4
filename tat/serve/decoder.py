"""One thread that decodes the texts of all clients together, a row of the batch each.

A text does not depend on those beside it: it is the one that it would be alone. Who hangs up or
asks anew cancels a task, and its row is free at the next token.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tat.data.tokenizer import Special
from tat.decode.batch import Batch
from tat.decode.begun import tokens_within
from tat.decode.constraint import Constraints
from tat.decode.generator import Generator, Request
from tat.decode.prompt import Prompt
from tat.decode.stream import Stream
from tat.errors import TatError
from tat.serve.around import around
from tat.serve.ending import Cut
from tat.serve.tasks import FullQueueError, NoModelError, Task, Written

_PATIENCE = 0.05  # seconds between looks at whether the service ends, while nothing is asked


@dataclass(frozen=True)
class Service:
    """A model that is ready: its generator, and what makes constraints."""

    generator: Generator
    constraints: Constraints | None
    name: str


class Decoder:
    """Owner of the model and of the thread that runs it.

    `load` is called in that thread. Until it returns `state` is loading, then ready, or failed
    with `reason`; without it none. At most `most` tasks wait for a row.
    """

    def __init__(self, load: Callable[[], Service] | None, most: int = 32) -> None:
        self.state, self.reason, self.service = "loading" if load else "none", "", None
        self._load, self._most = load, most
        self._new: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._open: dict[Stream, Task] = {}
        self._waiting: deque[Stream] = deque()
        self._ending, self._changed = False, threading.Condition()
        self._spent, self._done = 1.0, 0  # seconds a task took lately, and tasks that are done
        self._preparing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
        if load:
            self._thread.start()

    def ready(self, seconds: float | None = None) -> bool:
        """Whether the model is loaded, after waiting for it for up to `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.state != "loading", seconds)
        return self.state == "ready"

    def require(self) -> Service:
        """The model; NoModelError where there is none yet."""
        if self.service is None:
            said = {
                "none": "no model is loaded; start `tat serve` with --run RUN",
                "loading": "Loading model",
            }
            raise NoModelError(said.get(self.state, self.reason))
        return self.service

    def prepare(self, prompt: Prompt, constrained: bool = True, near: bool = False) -> Request:
        """A request for the prompt: it is read, and grammar and scope are set up for it.

        Where a text before a gap is broken somewhere, nothing is constrained; with `near` the
        grammar of the function around the gap is kept to, if that is whole.
        """
        service = self.require()
        with self._preparing:  # neither the tokenizer nor the caches are for several at a time
            service.generator.source(prompt)
            made = service.constraints if constrained else None
            constraint = made.of(prompt) if made else None
            if made and near and constraint is None:
                found = around(prompt.prefix or "", prompt.suffix or "")
                constraint = made.of(Prompt(prefix=found[0], suffix=found[1])) if found else None
            return Request(prompt, constraint)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text."""
        with self._preparing:
            return self.require().generator.loaded.tokenizer.encode(text)

    def first_tokens(self, texts: Sequence[str], skipped: int = 0) -> list[int]:
        """The first token of each text, or the one behind as many as are `skipped`."""
        with self._preparing:
            tokenizer = self.require().generator.loaded.tokenizer
            found = [tokenizer.encode(text) for text in texts]
        return [tokens[min(skipped, len(tokens) - 1)] for tokens in found]

    def refusal(self, prompt: Prompt) -> str:
        """Why the model cannot read a prompt, "" if it can."""
        with self._preparing:
            return self.require().generator.refusal(prompt)

    def submit(self, *tasks: Task) -> None:
        """Queue tasks, all or none; FullQueueError where too many wait."""
        self.require()
        waiting = self.waiting
        if waiting + len(tasks) > self._most:
            batch = self.service.generator.settings.batch
            raise FullQueueError(1 + int(waiting * self._spent / max(1, batch)))
        for task in tasks:
            self._new.put(task)

    @property
    def waiting(self) -> int:
        """Tasks that have no row yet."""
        return self._new.qsize() + len(self._waiting)

    @property
    def counts(self) -> dict[str, int]:
        """Tasks that wait, that are being written, and that are done."""
        running = len(self._open) - len(self._waiting)
        return {"waiting": self.waiting, "running": max(0, running), "done": self._done}

    def close(self) -> None:
        """End the thread; what is not written is cancelled."""
        self._ending = True
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        try:
            service = self._load()
        except BaseException as error:  # whatever it is, clients get an answer
            self._set("failed", str(error) or type(error).__name__)
            return
        self.service = service
        self._set("ready")
        batch = self._batch()
        while not self._ending:
            self._take_new()
            if not self._open:
                continue
            try:
                self._advance(batch)
            except Exception as error:  # a device that is lost, memory that is short
                for task in self._open.values():
                    task.future.set_exception(TatError(f"decoding failed: {error}"))
                self._open.clear()
                self._waiting.clear()
                batch = self._batch()
        for task in self._open.values():
            task.future.cancel()

    def _set(self, state: str, reason: str = "") -> None:
        with self._changed:
            self.state, self.reason = state, reason
            self._changed.notify_all()

    def _batch(self) -> Batch:
        generator = self.service.generator
        sources = 1 + generator.loaded.config.data.neighbours
        return Batch(generator.programs, generator.settings.batch, sources)

    def _take_new(self) -> None:
        """Take tasks that came meanwhile; waits a little where nothing is being written."""
        try:
            task = self._new.get(timeout=_PATIENCE) if not self._open else self._new.get_nowait()
            while True:
                self._enter(task)
                task = self._new.get_nowait()
        except queue.Empty:
            return

    def _enter(self, task: Task) -> None:
        if task.cancelled:
            task.future.cancel()
            return
        try:
            with self._preparing:
                stream = self.service.generator.stream(task.request)
        except TatError as error:
            task.future.set_exception(error)
            return
        if task.limit:  # what was begun is written beside it
            task.limit += len(stream.again)
        stream.limit = min(stream.limit, task.limit)
        stream.ended = stream.limit == 0
        task.stream = stream
        self._open[stream] = task
        self._waiting.append(stream)

    def _advance(self, batch: Batch) -> None:
        """One token further in every row, or more."""
        for task in [task for task in self._open.values() if task.cancelled]:
            self._drop(batch, task)
            task.future.cancel()
        for task in [task for task in self._open.values() if task.late]:
            self._drop(batch, task)
            self._finish(task, Cut(0, "time"))
        for stream in batch.admit(self._waiting):
            self._end(self._open[stream])
        ended = [self._open[stream] for stream in batch.step() if stream in self._open]
        for task in list(self._open.values()):
            if cut := self._follow(task):
                self._drop(batch, task)
                self._finish(task, cut)
            elif task in ended:
                self._end(task)

    def _drop(self, batch: Batch, task: Task) -> None:
        batch.drop(task.stream)
        self._open.pop(task.stream, None)
        if task.stream in self._waiting:
            self._waiting.remove(task.stream)

    def _follow(self, task: Task) -> Cut | None:
        """Take over what was settled; where the text ends with it."""
        tokens = task.stream.tokens[task.seen :]
        if not tokens:
            return None
        task.began = task.began or time.monotonic()
        if task.request.reviewer is not None:  # it may take tokens back
            return None
        task.seen += len(tokens)
        data = self.service.generator.loaded.tokenizer.decode(tokens)
        task.text += task.decoder.decode(data)
        cut = task.ending.cut(task.text, task.start)
        if task.emit and not cut:
            self._emit(task, len(task.text) - task.ending.held(task.text))
        return cut

    def _emit(self, task: Task, end: int) -> None:
        if end > task.sent:
            task.emit(task.text[task.sent : end])
            task.sent = end

    def _end(self, task: Task) -> None:
        """The stream is at its end."""
        self._open.pop(task.stream, None)
        stream = task.stream
        finished = bool(stream.tokens) and stream.tokens[-1] == Special.EOS
        task.text += task.decoder.decode(b"", final=True)
        task.text += task.request.prompt.tail if finished else ""
        reason = "eos" if finished else "limit" if len(stream.tokens) >= stream.limit else "none"
        self._finish(task, Cut(len(task.text), reason))

    def _finish(self, task: Task, cut: Cut) -> None:
        task.text = task.text[: cut.length]
        if task.emit:
            self._emit(task, len(task.text))
        generator, stream = self.service.generator, task.stream
        generation = generator.generation(task.request.prompt, stream.tokens, stream.score)
        if cut.reason not in ("eos", "limit", "none"):
            generation = replace(generation, text=task.text[task.start :], finished=True)
        now = time.monotonic()
        began = task.began or now
        self._spent = 0.8 * self._spent + 0.2 * (now - task.asked)
        self._done += 1
        whole = stream.tokens[:-1] if cut.reason == "eos" else stream.tokens
        begun = tokens_within(whole, task.request.prompt.begun, generator.pieces)
        task.future.set_result(Written(
            generation, cut.reason, cut.word, tuple(whole[begun : begun + generation.tokens]),
            len(stream.sources[0]), 1000 * (began - task.asked), 1000 * (now - began),
        ))  # fmt: skip
