"""The index that an argument names, and whether the bundled library answers beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tat.checkpoint import Checkpoint
from tat.config_tables import GenerateConfig
from tat.cookbook.documents import cookbook_documents, cookbook_index
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index
from tat.retrieval.index_file import open_index
from tat.synth import shelf
from tat.train.named_checkpoint import is_bundled, tuned_from_bundled

COOKBOOK = "cookbook"  # the name of the index of the bundled cookbook
LIBRARY_PARTS = ("synth", "cookbook")  # folders of resources that the whole library is made of


def named_index(name: str, split: str = "") -> Index:
    """The index of the bundled cookbook (one split, if asked) for `cookbook`, that of the families
    of `tat synth` for `families`, else that of the file.

    FileError if the file is damaged, of another version or no index.
    """
    if name == COOKBOOK:
        return cookbook_index(split)
    return shelf.family_index() if name == shelf.NAME else open_index(Path(name))


def library_index() -> Index:
    """The index of the families and the cookbook together."""

    def documents() -> Iterator[Document]:
        yield from shelf.family_documents()
        yield from cookbook_documents()

    return shelf.kept_index(LIBRARY_PARTS, documents)


def bundled_library(
    settings: GenerateConfig, run: Path, checkpoint: Checkpoint | None = None, *,
    cookbook: bool = False,
) -> Callable[[], Index] | None:  # fmt: skip
    """The bundled library, to be opened, if it answers beside the model of `run`; else None.

    A model whose `checkpoint` was tuned from the bundled one counts as that. The library has the
    families of `tat synth`; with `cookbook` that, too.
    """
    bundled = is_bundled(run) or (checkpoint is not None and tuned_from_bundled(checkpoint))
    beside = settings.library == "always" or (settings.library == "bundled" and bundled)
    return (library_index if cookbook else shelf.family_index) if beside else None
