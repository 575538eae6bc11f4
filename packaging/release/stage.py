"""Completes the frozen folder with data and the bundled C library; strips and checks it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import mpi4py

from release.commands import run
from release.sources import ROOT
from tat.commands.common.indexes import LIBRARY_PARTS, library_index
from tat.synth import shelf
from tat.train.mpi_library import forget_library

# Libraries that Nuitka leaves to the host. The loader stands beside the program: Nuitka looks for
# its folder where the running program is, and with the bundled library that is the loader.
C_LIBRARY = (
    "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1",
    "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1",
)  # fmt: skip
LOADER = Path("/lib64/ld-linux-x86-64.so.2")
LIBRARY_FOLDERS = (Path("/lib/x86_64-linux-gnu"), Path("/usr/lib/x86_64-linux-gnu"))
# Stripping libraries that auditwheel patched breaks them; it did not these two, half of it all.
_STRIPPED = ("llvmlite/binding/libllvmlite.so", "wgpu/resources/libwgpu_native-release.so")
# Threading layers that need libraries of the host; tat has threads of its own.
_REMOVED = ("numba/np/ufunc/tbbpool.so", "numba/np/ufunc/omppool.so")
_DATA = ("config", "shaders", "bench/results")  # beside the package in a checkout


def stage(frozen: Path, probe: Path, out: Path) -> Path:
    """`out`: a copy of the frozen folder with everything that the program opens at run time."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(frozen, out)
    for name in _REMOVED:
        (out / name).unlink(missing_ok=True)
    for name in _STRIPPED:
        run(["strip", "--strip-unneeded", out / name])
    drop_debug_information(out)
    (out / "glibc").mkdir()
    for name in C_LIBRARY:
        shutil.copy(system_library(name), out / "glibc" / name)
    shutil.copy(LOADER, out / "ld-tat.so")
    shutil.copy(probe, out / "probe")
    _copy_mpi_modules(out / "mpi4py")
    _copy_data(out)
    return out


def drop_debug_information(folder: Path) -> None:
    """Take from the libraries in `folder` what debuggers alone read: a Python that was compiled on
    this machine has it, and Numba's wheels have."""
    for path in _elf_files(folder):
        if ".debug_info" in run(["readelf", "--sections", "--wide", path]):  # else see _STRIPPED
            run(["strip", "--strip-debug", path])


def _copy_mpi_modules(out: Path) -> None:
    """mpi4py's modules over MPICH and Open MPI, which no longer name the library that they need: it
    is the site's, by whatever name, and tat loads it before."""
    out.mkdir(exist_ok=True)
    for path in sorted(Path(mpi4py.__file__).parent.glob("MPI.*.so")):
        (out / path.name).write_bytes(forget_library(path.read_bytes()))


def system_library(name: str) -> Path:
    """Path of a shared library of this machine."""
    for folder in LIBRARY_FOLDERS:
        if (folder / name).exists():
            return folder / name
    raise SystemExit(f"release: {name} is not installed; the release is built on Debian 12")


def _copy_data(out: Path) -> None:
    for name in _DATA:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, out / name)
    for path in sorted((ROOT / "tat").rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc"):
            target = out / path.relative_to(ROOT / "tat")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (out / shelf.shipped_name(LIBRARY_PARTS)).write_bytes(library_index().serialize())
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, out / name)


def check_libraries(folder: Path) -> None:
    """Every shared library that a file in `folder` names must be in it."""
    files = _elf_files(folder)
    present = {path.name for path in files} | {LOADER.name}
    for path in files:
        missing = set(needed(path)) - present
        if missing:
            where = path.relative_to(folder)
            raise SystemExit(
                f"release: {where} needs {', '.join(sorted(missing))}, which is not bundled; "
                "leave that file out (freeze.py) or bundle the library (stage.py)"
            )


def needed(path: Path) -> list[str]:
    """Names of the shared libraries that an ELF file asks for."""
    dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic.stdout)


def _elf_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and _is_elf(path)]


def _is_elf(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def executable_bits(folder: Path) -> None:
    """Programs can be started from the staged folder, as the build does itself."""
    for name in ("tat", "probe", "ld-tat.so"):
        os.chmod(folder / name, 0o755)
