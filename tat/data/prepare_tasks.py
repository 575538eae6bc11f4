"""Tasks of preparing, for this process or packed for another."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tat.config_tables import DataConfig
from tat.data import corpus_parts, corpus_relations
from tat.data.corpus_parts import Unit

_TYPES: dict[str, tuple[Any, ...]] = {
    "read_unit": (Unit, DataConfig, int, int, str),
    "sort_part": (int, list[str], int, str, str),
    "index_parts": (list[str], str),
    "accompany_part": (str, str, int, str),
    "name_part": (str, str),
    "all_names": (list[str], str),
    "rename_part": (str, str, int, int, str),
    "merge_part": (int, str, list[str], int, str, str),
    "count_pieces": (int, list[str], str),
    "encode_part": (str, str, DataConfig, str),
}
TASKS: dict[str, Callable[..., None]] = {
    name: getattr(corpus_parts, name, None) or getattr(corpus_relations, name) for name in _TYPES
}


def packed_task(name: str, arguments: Sequence[Any]) -> bytes:
    """A task for another process."""
    return msgspec.msgpack.encode((name, [_plain(a) for a in arguments]))


def _plain(argument: Any) -> Any:
    if isinstance(argument, Path):
        return str(argument)
    if isinstance(argument, list | tuple):
        return [_plain(a) for a in argument]
    return argument


def do_packed(data: bytes) -> None:
    """Does a task that packed_task() wrote."""
    name, raw = msgspec.msgpack.decode(data, type=tuple[str, list[msgspec.Raw]])
    arguments = [_with_paths(msgspec.msgpack.decode(r, type=t)) for r, t in zip(raw, _TYPES[name])]
    TASKS[name](*arguments)


def _with_paths(argument: Any) -> Any:
    if isinstance(argument, str):
        return Path(argument)
    if isinstance(argument, list):
        return [_with_paths(a) for a in argument]
    return argument
