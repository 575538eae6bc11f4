"""The index of a service: one thread owns it, for SQLite's connections stay in theirs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tat.config_tables import DataConfig, GenerateConfig
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.retrieval.index import Index
from tat.retrieval.query import Hit, search

_SECONDS = 20.0  # that a search may take; the first waits for the index


class Library:
    """Functions to be found by words; opened at once, in the background."""

    def __init__(self, name: str, load: Callable[[], Index]) -> None:
        self.name = name
        self._thread = ThreadPoolExecutor(1, "library")
        self._index = self._thread.submit(load)

    def search(self, query: str, top: int, kind: str = "") -> list[Hit]:
        """The `top` chunks that fit best; FileError where the index is none."""
        return self._asked(lambda index: search(index, query, top, kind=kind))

    def beside(self, prompt: Prompt, trained: DataConfig, settings: GenerateConfig) -> Prompt:
        """The prompt with what the index has for it, as `tat generate --index` takes it."""

        def found(index: Index) -> Prompt:
            retriever = Retriever(index, trained, None, settings)
            return retriever.beside(prompt, retriever.neighbours(prompt))

        return self._asked(found)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _asked(self, ask: "Callable[[Index], object]") -> object:
        return self._thread.submit(lambda: ask(self._index.result())).result(_SECONDS)
