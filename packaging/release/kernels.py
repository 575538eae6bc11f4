"""Fills the shipped Numba cache: every kernel, compiled for every processor level."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from release.commands import run
from release.sources import ROOT, build_cache
from tat.backends.cpu.compiled import LIBRARY
from tat.config_tables import model_variants


def _with_parts(index: int, parts: dict[str, str]) -> tuple[str, ...]:
    """Command lines that reach the kernels of a model with these parts in its layers."""
    settings = " ".join(f"--set {key}={value}" for key, value in parts.items())
    return (
        f"train --quiet --preset tiny {settings} --steps 1 --run variant{index}",
        f"generate 'distance to a box' --quiet --validate 0 --max-tokens 4 --run variant{index}",
    )


# Command lines that between them reach every kernel, each with the types that it is called with.
WARM_UP = (
    "train --quiet --preset tiny --set model.dropout=0.1 --steps 2 --run run",
    "train --quiet --resume --steps 3 --run run",
    "train --quiet --preset tiny --set model.copy=false --steps 1 --run plain",
    "generate 'distance to a box' --quiet --validate 0 --max-tokens 4 --run run",
    "generate 'distance to a box' --quiet --validate 0 --max-tokens 4 --run run --int8",
    "generate 'distance to a box' --quiet --validate 0 --max-tokens 4 --run run --temperature 1",
    "bench softmax --quick --no-history",
    *chain(*(_with_parts(i, parts) for i, parts in enumerate(model_variants()) if i)),
)
_FIXED = Path("/var/tmp/tat-release-kernels")
_WAITING = "release: another build on this machine compiles kernels at {}; waiting for it"
LEVELS = ("v2", "v3", "v4")
_OBJECTS = "table.o"  # of the library of a level
_IN_LIBRARY = ("table_rows.", "shared_attention.", "copying.", "products.")  # names in the cache


def record(out: Path) -> None:
    """Note in the file `out` which kernels tat calls with which types, in a run from its sources.

    Nothing is done where an earlier build with the same sources compiled the kernels.
    """
    if _kept().is_dir():
        return
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            "PYTHONPATH": f"{ROOT / 'packaging' / 'frozen'}{os.pathsep}{ROOT}",
            "NUMBA_CACHE_DIR": str(Path(scratch) / "kernels"),
            "PYTHONHASHSEED": "0",
        }
        step = "import sys; from tat_frozen.warm import main; sys.exit(main(sys.argv[1:]))"
        run(["nice", sys.executable, "-c", step, "record", out, *WARM_UP],
            folder=Path(scratch), environment=environment)  # fmt: skip


def fill(folder: Path, recorded: Path) -> int:
    """Compile what was recorded into `folder`/kernels; returns the number of kernels.

    Each level also gets the library that replays tables. The build ends on any miss.

    Builds with the same sources share the result through the build cache; what is in it is checked
    all the same, for the second pass always runs.
    """
    kept = _kept()
    if not kept.is_dir():
        with alone(_FIXED):
            if not kept.is_dir():  # else the build that was waited for had the same sources
                with _at_fixed_path(folder) as program:
                    _compile_to(kept, program, recorded)
    shutil.copytree(kept, folder / "kernels", dirs_exist_ok=True)
    counts = _compile_all(folder / "tat", folder / "kernels")
    missed = {level: count for level, count in counts.items() if count["misses"]}
    if missed:
        raise SystemExit(f"release: kernels are missing from the shipped cache: {missed}")
    (folder / "kernels" / "recorded").unlink()
    for path in (folder / "kernels").rglob("*"):  # the library has these, whole
        if path.name == _OBJECTS or path.name.startswith(_IN_LIBRARY):
            path.unlink()
    return counts["v2"]["kernels"]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder that all builds of this machine use; waits for it.

    The kernel frees it with the process, so that a build that was killed blocks none.
    """
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise SystemExit(f"release: cannot open {lock}: {error.strerror}; remove it") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(_WAITING.format(folder), flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _at_fixed_path(folder: Path) -> Iterator[Path]:
    """A copy of the program where every build has it: compiled kernels contain its path."""
    try:
        if _FIXED.exists():  # of a build that was killed: whoever works here holds the lock
            shutil.rmtree(_FIXED)
        _FIXED.mkdir(mode=0o700)
    except OSError as error:
        raise SystemExit(f"release: {_FIXED}: {error.strerror}; remove it") from None
    try:
        shutil.copytree(folder, _FIXED, dirs_exist_ok=True)
        yield _FIXED / "tat"
    finally:
        shutil.rmtree(_FIXED)


def _compile_to(kept: Path, program: Path, recorded: Path) -> None:
    kernels = program.parent / "kernels"
    kernels.mkdir()
    shutil.copy(recorded, kernels / "recorded")
    _compile_all(program, kernels)
    for level in LEVELS:
        _link(kernels / level)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as new:
        shutil.copytree(kernels, Path(new) / "kernels").rename(kept)


def _link(level: Path) -> None:
    """Link the object file of a level; a function that neither C library has ends the build."""
    run(["gcc", "-shared", "-nostdlib", "-s", "-Wl,--build-id=none,-z,defs", "-o", level / LIBRARY,
         level / _OBJECTS, "-lm", "-lc"])  # fmt: skip


def _compile_all(program: Path, kernels: Path) -> dict[str, dict[str, int]]:
    """The hits and misses of each level in its cache, which now has all of them."""
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        counts = workers.map(lambda level: _compile(program, kernels, level), LEVELS)
        return dict(zip(LEVELS, counts, strict=True))


def _compile(program: Path, kernels: Path, level: str) -> dict[str, int]:
    """Run `tat _kernels compile` so that it does the same each time, to its objects' addresses.

    Some of these end up in cached kernels; they depend on hash seeds, address randomisation and the
    length of every variable and path.
    """
    environment = {
        "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "FILL_KERNELS": str(kernels / level),
        "NUMBA_CPU_NAME": f"x86-64-{level}",
    }  # fmt: skip
    (kernels / level).mkdir(exist_ok=True)
    command = ["setarch", "x86_64", "-R", "nice", program, "_kernels", "compile"]
    files = kernels / "recorded", kernels / level / _OBJECTS
    counted = run([*command, *files], Path("/"), environment, alone=True)
    return json.loads(counted)


def _kept() -> Path:
    """Where the build cache has the kernels of these sources."""
    return build_cache() / f"kernels-{_key()}"


def _key() -> str:
    """The hash of everything that decides what the kernels compile to."""
    digest = hashlib.sha256(f"{sys.version} {WARM_UP}".encode())
    files = [*(ROOT / "tat").rglob("*.py"), *(ROOT / "packaging" / "frozen").rglob("*.py")]
    files += [ROOT / "requirements" / "tat.lock", ROOT / "config" / "default.toml", Path(__file__)]
    for path in sorted(files):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]
