"""The bundled cookbook as documents of an index."""

from collections.abc import Iterator

from tat.cookbook.library import Entry, load
from tat.resources import resource
from tat.retrieval.chunks import Document
from tat.retrieval.index import Index

_LICENSE = "MIT"  # tat's own


def cookbook_index(split: str = "") -> Index:
    """An index of the bundled functions, of all of them or those of one split."""
    index = Index(name="cookbook")
    index.update(cookbook_documents(split))
    return index


def cookbook_documents(split: str = "") -> Iterator[Document]:
    """The bundled functions, which the words of their requests find, too."""
    for entry in load():
        if split not in ("", entry.split):
            continue
        yield Document(
            f"cookbook/{entry.area}/{entry.name}.wgsl", _first_line(entry), entry.name, entry.code,
            license=_LICENSE, topics="\n".join((entry.request, *entry.paraphrases)),
        )  # fmt: skip


def _first_line(entry: Entry) -> int:
    """The line at which the code of an entry starts in its file."""
    path = resource("cookbook", "entries", entry.area, f"{entry.name}.wgsl")
    whole = path.read_text("utf-8")
    return whole.count("\n", 0, max(0, whole.find(entry.code.rstrip()))) + 1
