"""Publishing the result of a benchmark: on standard output, and in files if asked for."""

import json
from pathlib import Path

from tat.files import atomic_file


def publish(result: object, path: Path | None, page: str = "", quiet: bool = False) -> None:
    """Prints the result as JSON, or the page if there is one, and writes it to `path` as JSON.

    A page is Markdown and goes beside that file. Both are written atomically. `quiet` prints
    nothing: for results of a run that is not over.
    """
    text = json.dumps(result, indent=1) + "\n"
    if not quiet:
        print(page or text, end="")
    if path:
        files = {path: text, path.with_suffix(".md"): page} if page else {path: text}
        for name, content in files.items():
            write(name, content)


def write(path: Path, text: str) -> None:
    """Writes a text atomically."""
    with atomic_file(path) as file:
        file.write(text.encode())
