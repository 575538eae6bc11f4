"""Functions from indexes, which the model reads beside a prompt or which answer it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from tat.config_tables import DataConfig, GenerateConfig
from tat.data.neighbours import Neighbour, find_neighbours
from tat.decode.prompt import Adaptation, Prompt
from tat.errors import UsageError
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search_all
from tat.retrieval.requests import asked_for, whole
from tat.synth.family import SOURCE
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
        own = [self.index] if self.index else []
        bundled = [self._library()] if self._library else []
        hits = search_all([*own, *bundled], query, count, kind="function", exclude=exclude)
        name = prompt.signature.partition("fn ")[2].partition("(")[0].strip()
        if own and bundled:  # scores of a small index are low: what has the name is tried first
            named = search_all(own, query, count, kind="function", exclude=exclude)
            first = [hit for hit in named if hit.name == name]
            texts = {hit.text for hit in first}
            hits = [*first, *(hit for hit in hits if hit.text not in texts)][:count]
        return [
            Adaptation(partial(_renamed, hit, prompt), hit, hit.file.startswith(SOURCE))
            for hit in hits
        ]

    def _whole(self, request: str, exclude: str) -> list[Adaptation]:
        """Functions that a request in words asks for, as they are; first those of the index."""
        count = self.adaptations + self.last_resorts
        indexes = [(self.index, False)] if self.index else []
        indexes += [(self._library(), True)] if self._library and count else []
        return [
            Adaptation(partial(whole, index, hit), hit, proven)
            for index, proven in indexes
            for hit in asked_for(index, request, exclude)
        ][:count]


def _renamed(hit: Hit, prompt: Prompt) -> str:
    """The prompt's lead, and the hit's body renamed; no body if the hit is no function."""
    function = next(iter(functions(hit.text)), None)
    if function is None:
        return prompt.lead
    theirs, ours = Place(function.signature, hit.context), Place(prompt.signature, prompt.context)
    return prompt.lead + adapted(function.body, theirs, ours)
