"""Functions of an index that travel with a page."""

from typing import Any

from tat.retrieval.index import Index

_FUNCTIONS = """
SELECT name, signature, comment, text, file, documents.line + chunks.line, license
FROM chunks JOIN documents ON documents.id = document
WHERE kind = 'function' ORDER BY file, documents.line, place
"""
_NAMES = ("name", "signature", "comment", "text", "file", "line", "licence")


def travelling(index: Index) -> list[dict[str, Any]]:
    """Each different function once, as the page's search has it."""
    rows = {row[3]: dict(zip(_NAMES, row, strict=True)) for row in index.select(_FUNCTIONS)}
    return list(rows.values())
