"""Functions from indexes, which the model reads beside a prompt or which answer it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from tat.config_tables import DataConfig, GenerateConfig
from tat.data.neighbours import Neighbour, find_neighbours
from tat.decode.prompt import Adaptation, Prompt
from tat.errors import UsageError
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search
from tat.retrieval.requests import answers, unknown_words
from tat.retrieval.words import parts, words
from tat.wgsl.adaptation import Place, adapted
from tat.wgsl.declarations import functions


class Retriever:
    """Finds neighbours of prompts in an index, as training found those of its samples."""

    def __init__(
        self,
        index: Index | None,
        trained: DataConfig,
        top: int | None = None,
        settings: GenerateConfig | None = None,
        library: Callable[[], Index] | None = None,
    ) -> None:
        """At most `top` neighbours, or as many as the model was `trained` with.

        `settings` say how many functions are tried as answers; without settings none is. `library`
        opens a further index of such functions; it is called when the first is tried. UsageError
        for neighbours with a model that was trained without: it cannot distinguish them from the
        prompt.
        """
        if top and not trained.neighbours:
            raise UsageError(
                "--top: this model was trained without retrieval (its data.neighbours is 0) and"
                " reads nothing of an index; leave --top out, or train one with"
                " --set data.neighbours=2"
            )
        self.index = index
        self._library = cache(library) if library else None
        self.top = trained.neighbours if top is None else top
        self.adaptations = settings.adaptations if settings else 0
        self.last_resorts = settings.last_resorts if self.adaptations else 0

    def neighbours(
        self,
        prompt: Prompt,
        exclude: str = "",
        refuse: Callable[[Hit], bool] | None = None,
    ) -> list[Neighbour]:
        """Functions for the encoder to read beside `prompt`, the best first.

        For evaluation it leaves out near-duplicates of the code `exclude`, and refused hits.
        """
        if self.index is None:
            return []
        return find_neighbours(self.index, prompt.source, self.top, exclude=exclude, refuse=refuse)

    def beside(self, prompt: Prompt, found: list[Neighbour], exclude: str = "") -> Prompt:
        """`prompt` with its found neighbours, and with functions that may answer it."""
        adaptations = tuple(self._adapted(prompt, exclude))
        return replace(
            prompt,
            unknown=() if adaptations else self._unknown(prompt),
            neighbours=tuple(neighbour.text for neighbour in found),
            adaptations=adaptations[: self.adaptations],
            last_resorts=adaptations[self.adaptations :],
        )

    def _adapted(self, prompt: Prompt, exclude: str) -> list[Adaptation]:
        """Functions to try, the best first; without a signature as they are."""
        if prompt.is_gap:
            return []
        if not prompt.signature.strip():
            return self._whole(prompt.description, exclude)
        query = f"{prompt.description}\n{prompt.signature}"
        count = self.adaptations + self.last_resorts
        if count == 0:
            return []
        found: dict[str, tuple[Hit, Index]] = {}
        for index in self._indexes():
            for hit in search(index, query, count, kind="function", exclude=exclude):
                found.setdefault(hit.text, (hit, index))
        name = prompt.signature.partition("fn ")[2].partition("(")[0].strip()
        asked, described = [*words(name)], [*parts(prompt.description)]

        def order(item: tuple[Hit, Index]) -> tuple[bool, bool, float]:
            """By score. What has the name goes before: among many functions of like words its score
            says little. Scores of a small index are low, so what has the name there, or is called
            as is described, goes first."""
            hit, index = item
            beside = self._library is not None and index is self.index
            own = beside and (hit.name == name or [*parts(hit.name)] == described)
            return not own, [*words(hit.name)] != asked, -hit.score

        return [
            Adaptation(partial(_renamed, hit, prompt), hit, index.proven)
            for hit, index in sorted(found.values(), key=order)[:count]
        ]

    def _unknown(self, prompt: Prompt) -> tuple[str, ...]:
        """The words of a request in words alone, if tat's own functions have none of them: these
        are what the bundled model has learnt from."""
        if prompt.is_gap or prompt.signature or prompt.context or not self.adaptations:
            return ()
        indexes = self._indexes()
        if not any(index.proven for index in indexes):
            return ()
        return tuple(unknown_words(indexes, prompt.description))

    def _indexes(self) -> list[Index]:
        """The index, then the library, as far as they are there."""
        own = [] if self.index is None else [self.index]
        return [*own, self._library()] if self._library else own

    def _whole(self, request: str, exclude: str) -> list[Adaptation]:
        """Functions that a request in words asks for, as they are; first those of the index."""
        count = self.adaptations + self.last_resorts
        return [
            Adaptation(render, hit, index.proven)
            for index in (self._indexes() if count else ())
            for hit, render in answers(index, request, exclude)
        ][:count]


def _renamed(hit: Hit, prompt: Prompt) -> str:
    """The prompt's lead, and the hit's body renamed; no body if the hit is no function."""
    function = next(iter(functions(hit.text)), None)
    if function is None:
        return prompt.lead
    theirs, ours = Place(function.signature, hit.context), Place(prompt.signature, prompt.context)
    return prompt.lead + adapted(function.body, theirs, ours)
