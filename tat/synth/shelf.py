"""The bundled library: an index of the families, shipped or made once and kept in the cache."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tat import __version__
from tat.errors import FileError
from tat.files import atomic_file, writing
from tat.resources import content_of, resource, user_folder
from tat.retrieval.chunks import Document
from tat.retrieval.index import VERSION, Index
from tat.retrieval.index_file import open_index

NAME = "families"  # as an index on the command line
_KEPT = 4  # files in the cache: several versions of tat may take turns


def family_index() -> Index:
    """The index of the families."""
    return kept_index(("synth",), family_documents)


def family_documents() -> Iterator[Document]:
    """The functions of the families; their module takes longer to import than a kept index."""
    from tat.synth import library

    yield from library.family_documents()


def kept_index(parts: tuple[str, ...], documents: Callable[[], Iterable[Document]]) -> Index:
    """The index of `documents`, made where the cache has none of these resources' content.

    `parts` are folders of resources; all that is made of them is proven. The released file has the
    index of the whole library inside. Where no cache can be written, each process makes its own.
    """
    index = _shipped(parts)
    if index is None:
        index = _kept(_place(parts), documents)
    index.proven = True
    return index


def shipped_name(parts: tuple[str, ...]) -> str:
    """The path of an index inside the released file, which is built from the same resources."""
    return f"{parts[0]}/{'-'.join(parts)}.index"


def _shipped(parts: tuple[str, ...]) -> Index | None:
    with suppress(FileError):  # not in a checkout
        return open_index(resource(shipped_name(parts)))
    return None


def _kept(place: Path, documents: Callable[[], Iterable[Document]]) -> Index:
    with suppress(FileError):  # not there yet, or damaged
        return open_index(place)
    made = Index(name=NAME)
    made.update(documents())
    with suppress(FileError):
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(place) as file:
            file.write(made.serialize())
        _prune(place.parent)
    return made


def _place(parts: tuple[str, ...]) -> Path:
    """The file in the cache, by version and by all that the functions are made of."""
    key = sha256(f"{__version__} {VERSION} {parts} {content_of(*parts)}".encode())
    return user_folder("cache") / NAME / f"{key.hexdigest()[:32]}.index"


def _prune(folder: Path) -> None:
    with suppress(OSError):
        files = sorted(folder.glob("*.index"), key=lambda path: path.stat().st_mtime)
        for old in files[:-_KEPT]:
            old.unlink(missing_ok=True)
