"""Texts that clients ask for, what comes of them, and why there may be none."""

import codecs
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from tat.decode.constraint import Constraint
from tat.decode.generator import Generation, Request
from tat.decode.stream import Stream
from tat.errors import TatError
from tat.serve.ending import Ending


class FullQueueError(TatError):
    """More waits than may wait; `seconds` says when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests wait; try again in {seconds} s")
        self.seconds = seconds


class NoModelError(TatError):
    """There is no model, it is still being loaded, or could not be."""


@dataclass(frozen=True)
class Written:
    """A text, or what there is of it. `reason`: eos, limit, none (nothing could follow), or why
    its `Ending` cut it; `word` is the stop word then."""

    generation: Generation
    reason: str
    word: str = ""
    tokens: tuple[int, ...] = ()
    prompt_tokens: int = 0
    prompt_ms: float = 0.0  # from the request to the first token
    ms: float = 0.0  # from the first token to the last


@dataclass(eq=False)
class Task:
    """A text to be written, of at most `limit` tokens; `emit` gets pieces as they are settled.

    Called from the thread that decodes, it must not wait. A text that has not begun `patience`
    seconds after it was asked for is given up and empty; 0 waits as long as it takes.
    """

    request: Request
    limit: int
    ending: Ending = field(default_factory=Ending)
    emit: Callable[[str], None] | None = None
    patience: float = 0.0
    future: "Future[Written]" = field(default_factory=Future)
    asked: float = field(default_factory=time.monotonic)
    cancelled: bool = False
    # While it is written:
    stream: Stream | None = None
    text: str = ""  # with what was begun of its line in front
    seen: int = 0  # tokens that are in `text`
    sent: int = 0  # characters that `emit` got, or that were begun
    began: float = 0.0
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def __post_init__(self) -> None:
        self.text, self.sent = self.request.prompt.lead, self.start

    @property
    def start(self) -> int:
        """Where in `text` the answer begins."""
        return len(self.request.prompt.begun)

    @property
    def late(self) -> bool:
        """Whether it should have begun by now."""
        waited = time.monotonic() - self.asked
        return not self.began and 0 < self.patience < waited

    def cancel(self) -> None:
        """Nobody waits for it any more: the future is cancelled at the next token."""
        self.cancelled = True


def constraint_copy(constraint: Constraint | None) -> Constraint | None:
    """A copy for one more text of the same prompt."""
    return constraint.copy() if constraint is not None else None
