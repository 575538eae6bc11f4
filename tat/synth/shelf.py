"""The bundled library: an index of the families, made once and kept in the user's cache."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tat import __version__
from tat.errors import FileError
from tat.files import atomic_file, writing
from tat.resources import resource, user_folder
from tat.retrieval.index import VERSION, Index
from tat.retrieval.index_file import open_index

NAME = "families"  # as an index on the command line
_KEPT = 4  # files in the cache: several versions of tat may take turns


def family_index() -> Index:
    """The index of the families; made where the cache has none of this version's tables.

    Where the cache cannot be written, each process makes its own.
    """
    place = _place()
    with suppress(FileError):  # not there yet, or damaged
        return open_index(place)
    made = _made()
    with suppress(FileError):
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(place) as file:
            file.write(made.serialize())
        _prune(place.parent)
    return made


def _made() -> Index:
    from tat.synth.library import family_documents  # takes as long as reading what was made of it

    index = Index(name=NAME)
    index.update(family_documents())
    return index


def _place() -> Path:
    """The file in the cache, by version and by all that the functions are made of."""
    key = sha256(f"{__version__} {VERSION}".encode())
    for path in sorted(resource("synth").rglob("*")):
        if path.suffix in (".txt", ".py"):
            key.update(path.read_bytes())
    return user_folder("cache") / NAME / f"{key.hexdigest()[:32]}.index"


def _prune(folder: Path) -> None:
    with suppress(OSError):
        files = sorted(folder.glob("*.index"), key=lambda path: path.stat().st_mtime)
        for old in files[:-_KEPT]:
            old.unlink(missing_ok=True)
