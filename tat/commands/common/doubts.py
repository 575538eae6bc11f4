"""A line about the shaders of a corpus that are invalid."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tat.config_tables import DataConfig
from tat.data.input_files import list_files
from tat.data.module_text import ModuleText
from tat.data.sources import SUFFIXES, SourceReader
from tat.errors import DeviceError
from tat.wgsl.declarations import split_module
from tat.wgsl.sandbox import Sandbox

_MOST_BYTES = 4_000_000  # of a corpus that is judged: about a second of naga's time


def invalid_modules(paths: Sequence[Path], config: DataConfig) -> Iterator[str]:
    """A line that says how many modules of a corpus naga refuses, and why the first; or none.

    Judged are .wgsl files and JSON lines of modules that have functions, but no directives and
    imports. A large corpus is not, nor is any where there is no naga.
    """
    if not 0 < _bytes_of(paths) <= _MOST_BYTES:
        return
    reader = SourceReader(config.max_file_bytes, config.defines)
    found = [m for m in reader.stream(paths) if isinstance(m, ModuleText) and not m.places]
    modules = [m for m in found if any(item.kind == "fn" for item in split_module(m.text))]
    with suppress(DeviceError), Sandbox() as sandbox:
        refused = [(m, problem) for m in modules if (problem := sandbox.validate(m.text))]
        for module, problem in refused[:1]:
            yield (
                f"{len(refused)} of {len(modules)} modules are invalid, and used as they are"
                f" (`tat validate` names all); first {module.origin}:{problem}"
            )


def _bytes_of(paths: Sequence[Path]) -> int:
    """The size of the files that exist."""
    files = list_files(paths, SUFFIXES, lambda path, reason: None)
    return sum(path.stat().st_size for path in files if path.is_file())
