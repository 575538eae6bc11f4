"""The lines that may fill a gap: drawn by the model, or common forms; which one is the answer."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from typing import Self

from tat.decode.lines.forms import heads, statements
from tat.decode.lines.ranking import Line, Ranking
from tat.decode.lines.site import Site
from tat.decode.prompt import Prompt
from tat.wgsl.sandbox import Sandbox

_MOST_FORMS = 48  # that the model is asked about; most gaps have fewer that validate


class LineGap:
    """A gap of one line, and what may stand there."""

    def __init__(self, prompt: Prompt, problem: object, stands: Callable[[str], bool]) -> None:
        """`problem` is naga's with the text around the gap, where it has one; `stands` says whether
        naga takes a text there."""
        self._prompt, self._stands = prompt, stands
        self.site = Site(prompt.before, prompt.behind, str(problem or ""))
        self._ranking = Ranking(self.site)

    @cached_property
    def heads(self) -> list[str]:
        """How the texts of the model begin, one after another."""
        begun = self._prompt.begun
        return [head for head in heads(self.site) if head.startswith(begun)] or [""]

    @classmethod
    def judged_by(cls, prompt: Prompt, sandbox: Sandbox) -> Self:
        """The gap of a prompt, in a module that has to be valid as a whole."""
        problem = sandbox.validate(f"{prompt.before}{prompt.behind}")
        return cls(prompt, problem, lambda text: sandbox.validate(prompt.module(text)) is None)

    def forms(self, most: int = _MOST_FORMS) -> list[str]:
        """Common statements over the names around the gap that may stand in it, whole lines."""
        prompt, begun = self._prompt, self._prompt.begun
        found = (
            text
            for text in statements(self.site)
            if text.startswith(begun) and len(text) > len(begun)
            and self._stands(f"{prompt.lead}{text[len(begun) :]}{prompt.tail}")
        )  # fmt: skip
        return list(islice(found, most))

    def votes(self, lines: Sequence[Line]) -> list[float]:
        """How far each text for the gap is preferred, the higher the better, above 0."""
        begun = self._prompt.begun
        whole = [line._replace(text=f"{begun}{line.text.strip()}") for line in lines]
        return self._ranking.votes(whole)
