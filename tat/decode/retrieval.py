"""Functions from an index, for the model to read beside a prompt."""

from collections.abc import Callable

from tat.config import DataConfig
from tat.data.neighbours import Neighbour, find_neighbours
from tat.decode.prompt import Prompt
from tat.errors import UsageError
from tat.retrieval.index import Index
from tat.retrieval.query import Hit


class Retriever:
    """Finds the neighbours of prompts in one index, as training found those of its samples."""

    def __init__(self, index: Index, trained: DataConfig, top: int | None = None) -> None:
        """`top` neighbours at most, or as many as the model was `trained` with.

        UsageError if it was trained with none: it never learnt to tell them from the prompt.
        """
        if not trained.neighbours:
            raise UsageError(
                "--index: this model was trained without retrieval (its data.neighbours is 0);"
                " leave --index out, or train one with --set data.neighbours=2"
            )
        self.index = index
        self.top = trained.neighbours if top is None else top

    def neighbours(
        self,
        prompt: Prompt,
        exclude: str = "",
        refuse: Callable[[Hit], bool] | None = None,
    ) -> list[Neighbour]:
        """What the encoder is to read beside `prompt`, the best first.

        For evaluation: near-duplicates of the code `exclude` and hits that are refused stay out.
        """
        return find_neighbours(self.index, prompt.source, self.top, exclude=exclude, refuse=refuse)
