"""Where a text ends besides its own end: at stop words, the end of a line, of a block, or late."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from tat.wgsl.lexer import tokenize


class Cut(NamedTuple):
    """How much of a text is kept, and why it ends there: word, line, block, indent or time."""

    length: int
    reason: str
    word: str = ""


@dataclass(frozen=True)
class Ending:
    """When writing stops.

    `line`: at the first line end behind something visible. `block`: before the brace that closes
    what stood open before the text. `indent`: at a line that is indented by less, in blanks.
    `seconds` count from the first token, and end a text only behind a line end.
    """

    stops: tuple[str, ...] = ()
    line: bool = False
    block: bool = False
    indent: int = 0
    seconds: float = 0.0
    deadline: float = 0.0  # of time.monotonic(), for the whole text; 0 is none
    _began: list[float] = field(default_factory=list)

    def cut(self, text: str, start: int = 0) -> Cut | None:
        """Where `text` ends; None while it goes on. No stop word or brace counts before `start`."""
        found = [(text.find(stop, start), stop) for stop in self.stops]
        cuts = [Cut(at, "word", stop) for at, stop in found if at >= 0]
        if self.line and (at := _line_end(text)) >= 0:
            cuts.append(Cut(at, "line"))
        if self.block and (at := self._block_end(text, start)) >= 0:
            cuts.append(Cut(at, "block"))
        if self.indent and (at := _outdented(text, self.indent)) >= 0:
            cuts.append(Cut(at, "indent"))
        if not cuts and self._late(text):
            cuts.append(Cut(len(text), "time"))
        return min(cuts, default=None)

    def held(self, text: str) -> int:
        """How many characters at the end of `text` may turn out to belong to a stop word."""
        most = max(map(len, self.stops), default=1) - 1
        for count in range(min(most, len(text)), 0, -1):
            if any(stop.startswith(text[-count:]) for stop in self.stops):
                return count
        return 0

    def _late(self, text: str) -> bool:
        now = time.monotonic()
        self._began[:] = self._began or [now]
        slow = self.seconds and "\n" in text.lstrip() and now - self._began[0] > self.seconds
        return bool(slow or (self.deadline and now > self.deadline))

    def _block_end(self, text: str, start: int) -> int:
        depth = 0
        for token in tokenize(text[start:]):
            depth += (token.text == "{") - (token.text == "}")
            if depth < 0:
                return len(text[: start + token.start].rstrip())
        return -1


def _line_end(text: str) -> int:
    """The end of the first line that holds something; -1 while there is none."""
    start = len(text) - len(text.lstrip())
    return text.find("\n", start)


def _outdented(text: str, indent: int) -> int:
    """End of the last line before one that is indented by less; the first line does not count."""
    end = text.find("\n")
    while end >= 0:
        following = text.find("\n", end + 1)
        line = text[end + 1 : following if following >= 0 else None]
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return end
        end = following
    return -1
