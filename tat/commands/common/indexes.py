"""The index that an argument names."""

from pathlib import Path

from tat.cookbook.documents import cookbook_index
from tat.retrieval.index import Index
from tat.retrieval.index_file import open_index


def named_index(name: str, split: str = "") -> Index:
    """The index of the bundled cookbook (one split, if asked) for `cookbook`, else of the file.

    FileError if the file is damaged, of another version or no index.
    """
    return cookbook_index(split) if name == "cookbook" else open_index(Path(name))
