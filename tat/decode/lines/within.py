"""Gaps within a line: what may stand between what was begun of the line and the rest of it.

The model writes the whole line, held to what was begun. A text ends where the line may go on as it
does behind the gap: of `let c = dot(a, b) + 1.0;` that leaves `dot(a, b)` before ` * 2.0;`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from tat.decode.lines.choice import LineGap
from tat.decode.lines.forms import expressions, statements
from tat.decode.lines.ranking import Line
from tat.decode.lines.site import words_of
from tat.decode.lines.within_ranking import WithinRanking
from tat.decode.prompt import Prompt
from tat.wgsl.lexer import code_of
from tat.wgsl.values import values_in

_MOST_CUTS = 32  # texts for the gap, of all lines that the model wrote
_MOST = 64  # texts for the gap that the model is asked about
_MOST_FORMS = 400  # that naga is asked about
_NUMBERS = ("0.0", "1.0", "0.5", "2.0", "0", "1", "2", "0u", "1u", "2u", "true", "false")
_FUNCTION = re.compile(r"\bfn\b")


class WithinGap(LineGap):
    """A gap within a line, and what may stand there."""

    def __init__(
        self, prompt: Prompt, problem: object = None, stands: Callable[[str], bool] | None = None
    ) -> None:
        """As a `LineGap`; without `stands` nothing is judged, and the lines alone give texts."""
        super().__init__(prompt, problem, stands or (lambda text: True))
        self._judged = stands is not None

    def cuts(self, lines: Iterable[str]) -> list[str]:
        """The texts for the gap that written lines begin with, behind what was begun of them."""
        needed = missing_brackets(self._prompt)
        found = (text for line in lines for text in balanced(line, needed))
        return list(islice(dict.fromkeys(found), _MOST_CUTS))

    def given(self, text: str) -> str:
        """The line with a text in its gap, for the model to say how likely it is."""
        return f"{self._prompt.begun}{text}{self._prompt.rest_read}"

    def asked(self, lines: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
        """The texts that the model is asked about: of the lines that it wrote, then common ones.

        They stand in the gap; where none does, they are those of the lines alone.
        """
        cuts = [text for text in self.cuts(lines) if fits(text)]
        texts = _spelled((*cuts, *filter(fits, self.common() if self._judged else ())))
        standing = (text for text in texts if self._stands(f"{self._prompt.lead}{text}"))
        return list(islice(standing, _MOST)) or cuts or [""]

    def votes(self, lines: Sequence[Line]) -> list[float]:
        """How far each text for the gap is preferred, the higher the better, above 0."""
        lead = len(self._prompt.lead)
        texts = [line._replace(text=line.text[lead:]) for line in lines]
        return self.ranking.votes(texts)

    @cached_property
    def ranking(self) -> WithinRanking:
        """How texts for the gap are rated."""
        prompt = self._prompt
        begun = prompt.begun or prompt.before.rpartition("\n")[2]
        return WithinRanking(self.site, begun)

    def common(self) -> list[str]:
        """Names, values and parts of common statements that may be meant, of any type."""
        return list(islice(dict.fromkeys(self._common()), _MOST_FORMS))

    def _common(self) -> Iterator[str]:
        site, begun, rest = self.site, self._prompt.begun, self._prompt.rest.rstrip()
        for line in statements(site):
            if line.startswith(begun) and line.endswith(rest) and len(line) > len(begun + rest):
                yield line[len(begun) : len(line) - len(rest)]
        for line in (begun, rest, *site.above[::-1], *site.below):
            for start, stops in values_in(line).items():
                yield from (line[start:stop] for stop in stops)
        values, call = [*expressions(site)], _open_call(begun)
        for value in values if call else ():
            if value.startswith(call):
                yield from balanced(value[len(call) :], missing_brackets(self._prompt))
        yield from (value.text for value in site.values)
        yield from _NUMBERS
        yield from values


def missing_brackets(prompt: Prompt) -> int:
    """How many round and square brackets a gap's text has to leave open; below 0: to close."""
    prefix = (prompt.prefix or "")[_last_function(prompt.prefix or "") :]
    opened = least = depth = 0
    for token in code_of(prefix):
        opened = max(0, opened + (token.text in "([") - (token.text in ")]"))
    for token in code_of(prompt.suffix or ""):
        if token.text == "fn":
            break
        depth += (token.text in "([") - (token.text in ")]")
        least = min(least, depth)
    return -least - opened


def _spelled(texts: Iterable[str]) -> list[str]:
    """Texts that say different things, each with the fewest blanks that it came with."""
    found: dict[str, str] = {}
    for text in texts:
        known = found.setdefault(said := " ".join(words_of(text)), text)
        found[said] = min(known, text, key=len)
    return list(found.values())


def _open_call(line: str) -> str:
    """The call at the end of a line that is not closed, from its name on; "" for none.

    >>> _open_call("let a = dot(n, max(b, c), ")
    'dot(n, max(b, c), '
    """
    tokens, depth = code_of(line), 0
    for index in range(len(tokens) - 1, 0, -1):
        depth += (tokens[index].text in ")]") - (tokens[index].text in "([")
        if depth < 0:
            named = tokens[index - 1].kind == "identifier" and tokens[index].text == "("
            return line[tokens[index - 1].start :] if named else ""
    return ""


def _last_function(text: str) -> int:
    return max((found.start() for found in _FUNCTION.finditer(text)), default=0)


def balanced(line: str, needed: int) -> Iterator[str]:
    """The beginnings of a line that leave so many brackets open, and close none but those."""
    depth = 0
    for token in code_of(line):
        depth += (token.text in "([") - (token.text in ")]")
        if depth < min(0, needed):
            return
        if depth == needed:
            yield line[: token.end]
