"""`tat _kernels`: compiles Numba kernels for the shipped processor levels; the build runs it.

Two steps. `record FILE COMMAND...` runs command lines of tat and notes which cached kernels they
reached and with which types: from the sources, while these are frozen. `compile FILE OBJECTS`
compiles those for the level in NUMBA_CPU_NAME: nothing is run, so a machine without AVX-512
compiles for v4 too. It writes the object file of the library that replays tables, if that is not
there. Done twice, the second must find everything in the cache.
"""

import gc
import importlib
import json
import pickle
import shlex
import sys
from pathlib import Path
from typing import Any

Name = tuple[str, str, int]  # module, qualified name, line


def main(arguments: list[str]) -> int:
    """Runs one of the steps; `compile` prints hits and misses as JSON."""
    step, file, *commands = arguments
    if step == "record":
        return _record(Path(file), commands)
    return _compile(Path(file), Path(commands[0]))


def _record(file: Path, commands: list[str]) -> int:
    """Pickles the types of each kernel that was reached; one that was not is an error."""
    import numba  # noqa: F401  (where it is imported, little work is compiled, too)

    from tat.cli import run

    for command in commands:
        code = run(shlex.split(command))
        if code:
            return code
    found = {name: kernel.signatures for name, kernel in _cached_kernels().items()}
    unused = sorted(f"{module}.{name}" for (module, name, _), types in found.items() if not types)
    if unused:
        print(f"no warm-up command reaches: {', '.join(unused)}", file=sys.stderr)
        return 1
    file.write_bytes(pickle.dumps(sorted(found.items(), key=lambda item: item[0])))
    return 0


def _compile(file: Path, objects: Path) -> int:
    recorded = pickle.loads(file.read_bytes())
    for (module, _, _), _ in recorded:
        importlib.import_module(module)
    kernels = _cached_kernels() if recorded else {}
    for name, signatures in recorded:
        for types in signatures:
            kernels[name].compile(types)
    if recorded and not objects.exists():
        from tat_frozen.library import object_file

        objects.write_bytes(object_file())
    counts = {
        "kernels": len(recorded),
        "hits": sum(sum(k.stats.cache_hits.values()) for k in kernels.values()),
        "misses": sum(sum(k.stats.cache_misses.values()) for k in kernels.values()),
    }
    json.dump(counts, sys.stdout)
    return 0


def _cached_kernels() -> dict[Name, Any]:
    """Every compiled function of tat with a cache, wherever it is kept."""
    if "numba" not in sys.modules:
        return {}
    from numba.core.caching import NullCache
    from numba.core.dispatcher import Dispatcher

    return {
        _name(thing): thing
        for thing in gc.get_objects()
        if isinstance(thing, Dispatcher)
        and not isinstance(thing._cache, NullCache)
        and thing.py_func.__module__.startswith("tat.")
    }


def _name(kernel: Any) -> Name:
    function = kernel.py_func
    return function.__module__, function.__qualname__, function.__code__.co_firstlineno
