"""Reference functions with their modules, and predictions of their bodies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tat.data.input_files import display_name
from tat.data.json_lines import read_json_lines
from tat.decode.prompt import Prompt
from tat.errors import FileError


class ReferenceFunction(msgspec.Struct, frozen=True):
    """A function as a person wrote it: a line of a functions file; other fields are ignored.

    `context` holds the declarations that it needs and `calls` the signatures of the functions of
    its module that it calls. `standalone`: context, signature and body alone are a valid module.
    `testable`: it takes and returns plain values and depends on nothing else.
    """

    id: str
    signature: str
    body: str
    module_id: str = ""
    comment: str = ""
    context: str = ""
    calls: tuple[str, ...] = ()
    standalone: bool = False
    testable: bool = False

    @property
    def given(self) -> str:
        """Context and signatures of called functions, in the form of a prompt."""
        return "\n".join(part for part in (self.context, *self.calls) if part)

    @property
    def prompt(self) -> Prompt:
        """The request for its body."""
        return Prompt(self.comment, self.signature, self.given)


class _Module(msgspec.Struct):
    id: str
    wgsl: str


class _Prediction(msgspec.Struct):
    id: str
    body: str | None  # null where a system returns nothing


def read_functions(path: Path) -> list[ReferenceFunction]:
    """The functions of a JSON Lines file, at least one; no two have the same id."""
    found: dict[str, ReferenceFunction] = {}
    wanted = "function with id, signature and body"
    for origin, function in read_json_lines(path, ReferenceFunction, wanted):
        _add_once(found, function.id, function, origin)
    if not found:
        raise FileError(f"{display_name(path)}: holds no function; give one a line")
    return list(found.values())


def read_modules(path: Path) -> dict[str, str]:
    """Modules by id, of a JSON Lines file with `id` and `wgsl`."""
    found: dict[str, str] = {}
    for origin, module in read_json_lines(path, _Module, "module with id and wgsl"):
        _add_once(found, module.id, module.wgsl, origin)
    return found


def module_file_of(functions: Path) -> Path | None:
    """The modules of a file `functions_NAME`: the file NAME beside it, if there is one."""
    beside = functions.with_name(functions.name.removeprefix("functions_"))
    return beside if beside != functions and beside.is_file() else None


def read_predictions(path: Path, known: Sequence[str]) -> dict[str, str | None]:
    """Bodies by id, of JSON Lines with `id` and `body`; FileError for an id that is not `known`."""
    ids, found = set(known), dict[str, str | None]()
    for origin, prediction in read_json_lines(path, _Prediction, "prediction with id and body"):
        if prediction.id not in ids:
            raise FileError(f"{origin}: no function has the id {prediction.id!r}")
        _add_once(found, prediction.id, prediction.body, origin)
    return found


def write_predictions(bodies: Mapping[str, str | None]) -> bytes:
    """The content of a file that `read_predictions` reads."""
    encode = msgspec.json.encode
    return b"".join(encode({"id": id, "body": body}) + b"\n" for id, body in bodies.items())


def _add_once(found: dict[str, object], key: str, value: object, origin: str) -> None:
    if key in found:
        raise FileError(f"{origin}: the id {key!r} was there before; keep one line of it")
    found[key] = value
