"""Reads the bundled cookbook: one WGSL function or kernel a file, entries/<area>/<name>.wgsl.

A file opens with its metadata, one key a line, and is valid WGSL as a whole:

    // request: rotate a vector by a unit quaternion
    // paraphrase: apply a quaternion rotation to a 3D vector
    // paraphrase: turn a direction by an orientation stored as xyzw
    // family: quaternion rotation
    // tags: starter, quaternion, 3d
    // difficulty: 1
    // split: train
    // source: where a known formula comes from
    // picture: vec3f(some_pattern(uv))

A long value goes on in lines indented by two or more spaces after the slashes; the first blank line
ends the block. Two or more paraphrases are needed. `source` is left out where there is none, and
`picture` where nothing can be seen. It is a WGSL expression of `uv` (vec2f in [0, 1], y downwards)
that gives the vec3f to show there, as sRGB.

Below stands the code: first the declarations that the principal function needs, then that function.
It is the last one and has the file's name. A `///` comment above it gives its result, units and
ranges.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tat.errors import FileError, one_line
from tat.resources import resource

_REQUIRED = ("request", "paraphrase", "family", "tags", "difficulty", "split")
_OPTIONAL = ("source", "picture")

_KEY_LINE = re.compile(r"// ([a-z]+): (\S.*)")
_MORE_OF_VALUE = re.compile(r"//  +(\S.*)")
_LABEL = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*")
_FUNCTION = re.compile(r"^(?:@.*\n)*fn (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One function or kernel of the cookbook."""

    name: str  # of the file and of the principal function, which is the last one in `code`
    area: str  # the folder, such as "distance_fields"
    family: str  # near relatives; never divided between the splits
    tags: tuple[str, ...]
    difficulty: int  # 1 to 3
    split: str  # "train" or "test"
    request: str  # a person's request for the code
    paraphrases: tuple[str, ...]  # the same request in other words
    source: str  # paper or specification of a known formula, or ""
    picture: str  # WGSL expression of `uv` that draws it, or ""
    code: str  # a whole valid module, without the metadata


def load(tag: str | None = None) -> tuple[Entry, ...]:
    """The bundled entries in order of name, all of them or those that carry `tag`."""
    return tuple(entry for entry in _bundled() if tag is None or tag in entry.tags)


@cache
def _bundled() -> tuple[Entry, ...]:
    return read_folder(resource("cookbook", "entries"))


class _Value(NamedTuple):
    text: str
    where: str  # "path:line", for messages


def read_folder(folder: Path) -> tuple[Entry, ...]:
    """All entries below `folder` in order of name; FileError if one is malformed or two clash."""
    paths = sorted(folder.glob("*/*.wgsl"), key=lambda path: path.stem)
    if not paths:
        raise FileError(f"{folder}: no cookbook entries in it; reinstall tat")
    entries: dict[str, Entry] = {}
    families: dict[str, Entry] = {}
    for path in paths:
        entry = read_entry(path)
        twin = entries.setdefault(entry.name, entry)
        if twin is not entry:
            raise FileError(f"{path}:1: {twin.area} has a {entry.name} too; rename one of them")
        relative = families.setdefault(entry.family, entry)
        if relative.split != entry.split:
            raise FileError(
                f"{path}:1: split is {entry.split}, but {relative.name} of the same family "
                f"{entry.family!r} is in {relative.split}; a family stays together"
            )
    return tuple(entries.values())


def read_entry(path: Path) -> Entry:
    """The entry in one file; FileError naming file and line where it breaks the form."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}:1: unreadable: {one_line(str(error))}") from error
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    values = _read_metadata(path, lines[:end])
    code = "\n".join(lines[end:]).strip() + "\n"
    _check_principal(f"{path}:{end + 1}", path.stem, code)
    return Entry(
        name=path.stem,
        area=path.parent.name,
        family=_label(values["family"][0]),
        tags=_labels(values["tags"][0]),
        difficulty=int(_choice(values["difficulty"][0], "1", "2", "3")),
        split=_choice(values["split"][0], "train", "test"),
        request=values["request"][0].text,
        paraphrases=tuple(value.text for value in values["paraphrase"]),
        source=values["source"][0].text if "source" in values else "",
        picture=values["picture"][0].text if "picture" in values else "",
        code=code,
    )


def _read_metadata(path: Path, lines: list[str]) -> dict[str, list[_Value]]:
    values: dict[str, list[_Value]] = {}
    key = ""
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        if key and (more := _MORE_OF_VALUE.fullmatch(line)):
            begun = values[key][-1]
            values[key][-1] = begun._replace(text=f"{begun.text} {more[1].rstrip()}")
            continue
        key_line = _KEY_LINE.fullmatch(line)
        if not key_line:
            raise FileError(f"{where}: expected `// key: value`, then a blank line before the code")
        key = key_line[1]
        if key not in _REQUIRED + _OPTIONAL:
            known = ", ".join(_REQUIRED + _OPTIONAL)
            raise FileError(f"{where}: unknown key {key!r}; the keys are {known}")
        if key in values and key != "paraphrase":
            raise FileError(f"{where}: {key} is given twice; keep one")
        values.setdefault(key, []).append(_Value(key_line[2].rstrip(), where))
    for key in _REQUIRED:
        if key not in values:
            raise FileError(f"{path}:1: {key} is missing; add `// {key}: …` to the block on top")
    if len(values["paraphrase"]) < 2:
        raise FileError(f"{values['paraphrase'][0].where}: only one paraphrase; add another")
    return values


def _label(value: _Value) -> str:
    if not _LABEL.fullmatch(value.text):
        raise FileError(
            f"{value.where}: {value.text!r} is no label; use lower-case words, digits and hyphens"
        )
    return value.text


def _labels(value: _Value) -> tuple[str, ...]:
    labels = tuple(_label(value._replace(text=text)) for text in value.text.split(", "))
    if len(set(labels)) < len(labels):
        raise FileError(f"{value.where}: a tag is given twice; keep one")
    return labels


def _choice(value: _Value, *choices: str) -> str:
    if value.text not in choices:
        raise FileError(f"{value.where}: {value.text!r} is not one of {', '.join(choices)}")
    return value.text


def _check_principal(where: str, name: str, code: str) -> None:
    functions = list(_FUNCTION.finditer(code))
    if not functions or functions[-1][1] != name:
        raise FileError(f"{where}: the last function is not named {name}, as the file is")
    above = code[: functions[-1].start()].splitlines()
    if not above or not above[-1].startswith("/// "):
        raise FileError(f"{where}: {name} has no `///` comment directly above it")


def entry_path(file: str) -> Path | None:
    """The file of an entry that an index of the cookbook calls `cookbook/AREA/NAME.wgsl`."""
    found = re.fullmatch(r"cookbook/(\w+)/(\w+)\.wgsl", file)
    path = resource("cookbook", "entries", found[1], f"{found[2]}.wgsl") if found else None
    return path if path and path.is_file() else None
