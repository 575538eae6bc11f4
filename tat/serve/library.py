"""The indexes of a service: one thread opens and searches them, so that a search has an end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tat.config_tables import DataConfig, GenerateConfig
from tat.decode.prompt import Adaptation, Prompt
from tat.decode.retrieval import Retriever
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search, search_all
from tat.retrieval.requests import whole

_SECONDS = 20.0  # that a search may take; the first waits for the index


class Library:
    """Functions to be found by words; opened at once, in the background."""

    def __init__(
        self, name: str, load: Callable[[], Index], more: Callable[[], Index] | None = None
    ) -> None:
        """`more` loads the bundled library, whose functions answer and are found, too."""
        self.name = name
        self._thread = ThreadPoolExecutor(1, "library")
        self._index = self._thread.submit(load)
        self._more = self._thread.submit(more) if more else None

    def require(self) -> None:
        """Wait for the index; FileError where it is none."""
        self._index.result(_SECONDS)

    def search(self, query: str, top: int, kind: str = "") -> list[Hit]:
        """The `top` chunks that fit best; FileError where the index is none."""
        return self._asked(lambda *indexes: search_all(indexes, query, top, kind=kind))

    def beside(self, prompt: Prompt, trained: DataConfig, settings: GenerateConfig) -> Prompt:
        """The prompt with what the indexes have for it, as `tat generate --index` takes it."""

        def found(index: Index, *more: Index) -> Prompt:
            library = (lambda: more[0]) if more else None
            retriever = Retriever(index, trained, None, settings, library)
            return retriever.beside(prompt, retriever.neighbours(prompt))

        return self._asked(found)

    def nearest(self, query: str, top: int) -> tuple[Adaptation, ...]:
        """The `top` functions that fit best, as they are: answers where no model writes one."""

        def found(*indexes: Index) -> tuple[Adaptation, ...]:
            hits = {
                hit.text: (hit, index)
                for index in reversed(indexes)  # a text that several have is the first one's
                for hit in search(index, query, top, kind="function")
            }
            best = sorted(hits.values(), key=lambda item: -item[0].score)[:top]
            return tuple(
                Adaptation(partial(whole, index, hit), hit, index.proven) for hit, index in best
            )

        return self._asked(found)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _asked(self, ask: "Callable[..., object]") -> object:
        opened = [self._index, self._more] if self._more else [self._index]
        return self._thread.submit(lambda: ask(*(o.result() for o in opened))).result(_SECONDS)
