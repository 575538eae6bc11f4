"""Selects some of many cases to judge, and tells some apart in the figures."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from tat.data.input_files import display_name, failure_reason, open_regular
from tat.data.json_lines import MAX_LINE, utf8_text
from tat.errors import FileError, one_line
from tat.evaluation.result_file import Outcome

Case = TypeVar("Case")


class _Near(msgspec.Struct):
    """The file of `tat synth --near FILE -o`, as far as it is read here."""

    overlapping: list[str]


def spread(cases: Sequence[Case], limit: int | None) -> Sequence[Case]:
    """`limit` of the cases at even distances, or all of them."""
    if limit is None or limit >= len(cases):
        return cases
    return [cases[number * len(cases) // limit] for number in range(limit)]


def read_ids(path: Path) -> frozenset[str]:
    """Ids of a file: one a line, a JSON list, or `overlapping` of a file of `tat synth --near`.

    FileError if it holds none.
    """
    try:
        with open_regular(path) as file:
            text = utf8_text(file.read(MAX_LINE + 1), display_name(path)).strip()
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
    ids = frozenset(_ids(text, path))
    if not ids:
        raise FileError(f"{display_name(path)}: holds no id; give one a line")
    return ids


def _ids(text: str, path: Path) -> Iterable[str]:
    if not text.startswith(("{", "[")):
        return filter(None, map(str.strip, text.splitlines()))
    try:
        if text.startswith("["):
            return msgspec.json.decode(text, type=list[str])
        return msgspec.json.decode(text, type=_Near).overlapping
    except (ValueError, RecursionError) as error:
        wanted = "give one id a line, or a file of `tat synth --near FILE -o`"
        reason = one_line(str(error))
        raise FileError(f"{display_name(path)}: no list of ids: {reason}; {wanted}") from None


def apart(outcomes: Iterable[Outcome], ids: frozenset[str]) -> list[Outcome]:
    """The outcomes, those of `ids` and the others each in a group of their own."""
    return [
        msgspec.structs.replace(
            outcome, groups=(*outcome.groups, "left out" if outcome.id in ids else "without")
        )
        for outcome in outcomes
    ]
