"""Finding the site's MPI library and the launcher, and importing mpi4py over that library.

mpi4py's wheel has two modules, over MPICH's binary interface (Intel's MPI has it, too) and over
Open MPI's. MPI itself is never bundled: it has to be the one that the launcher belongs to. It is
loaded first, with RTLD_GLOBAL, because Open MPI's plug-ins look for its symbols there.
"""

import ctypes
import importlib.util
import os
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from tat.errors import RanksError
from tat.files import atomic_file, writing
from tat.resources import user_folder

Kind = Literal["mpich", "openmpi"]

_VARIABLES = ("TATFILE_MPI_LIBRARY", "MPI4PY_LIBMPI")  # a person's choice: the path of a library
_NAMES: dict[Kind, tuple[str, ...]] = {
    "mpich": ("libmpi.so.12", "libmpich.so.12"),  # the second is Debian's name for it
    "openmpi": ("libmpi.so.40",),
}
_LAUNCHERS = {
    "OMPI_COMM_WORLD_SIZE": "Open MPI's launcher",
    "PMI_SIZE": "MPICH's launcher",
    "MPI_LOCALNRANKS": "MPICH's launcher",
    "SLURM_STEP_NUM_TASKS": "Slurm",
    "SLURM_NTASKS": "Slurm",
}  # variable that says how many processes were started -> who sets it
_PLACES = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")  # of this process among them
_ADVICE = (
    "load the site's MPI module, or name its library with MPI4PY_LIBMPI=/path/to/libmpi.so"
    " (TATFILE_MPI_LIBRARY does the same)"
)


@dataclass(frozen=True)
class Launch:
    """How many processes a launcher says that it started, and its name; 1 and "" without one."""

    count: int
    name: str
    rank: int = 0  # of this process, as the launcher says it
    kind: Kind | None = None  # the MPI that it belongs to; None of Slurm, which starts any


@dataclass(frozen=True)
class Library:
    """An MPI library of this machine, which can be loaded."""

    name: str  # a path, or a name that the loader finds
    kind: Kind

    @property
    def product(self) -> str:
        return "Open MPI" if self.kind == "openmpi" else "MPICH"


def launched(environment: Mapping[str, str] = os.environ) -> Launch:
    """Who started this process as one of several."""
    rank = next((int(environment[v]) for v in _PLACES if environment.get(v, "").isdecimal()), 0)
    for variable, launcher in _LAUNCHERS.items():
        told = environment.get(variable, "")
        if told.isdecimal() and (launcher != "Slurm" or int(told) > 1):
            kinds: dict[str, Kind] = {"Open MPI's launcher": "openmpi", "MPICH's launcher": "mpich"}
            if "PMIX_RANK" in environment:
                kinds["Slurm"] = "openmpi"
            return Launch(int(told), launcher, rank, kinds.get(launcher))
    return Launch(1, "")


def find_library(prefer: Kind | None = None) -> Library | None:
    """The library that a person named, else one of the preferred kind, else any; None without.

    RanksError if what a person named cannot be loaded or is no MPI.
    """
    for variable in _VARIABLES:
        if name := os.environ.get(variable):
            return Library(name, _kind_of(name, variable))
    for name in _candidates(prefer):
        try:
            return Library(name, _kind_of(name))
        except RanksError:
            continue
    return None


def _candidates(prefer: Kind | None) -> Iterator[str]:
    kinds = sorted(_NAMES, key=lambda kind: kind != prefer)
    for kind in kinds:
        for name in _NAMES[kind]:
            if (own := Path(sys.prefix, "lib", name)).is_file():
                yield str(own)  # a wheel of MPI's in the same virtual environment
            yield name


def _kind_of(name: str, variable: str = "") -> Kind:
    """Loads a library and looks at its symbols."""
    said = f"{variable}={name}: " if variable else ""
    try:
        library = ctypes.CDLL(name, ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise RanksError(f"{said}no MPI library can be loaded: {error}; {_ADVICE}") from None
    if not hasattr(library, "MPI_Init_thread"):
        raise RanksError(f"{said}is no MPI library: it has no MPI_Init_thread; {_ADVICE}")
    return "openmpi" if hasattr(library, "ompi_mpi_comm_self") else "mpich"


def import_mpi(library: Library) -> Any:
    """The module mpi4py.MPI over a library; importing it initialises MPI.

    RanksError where mpi4py is not installed.
    """
    try:
        import mpi4py
    except ImportError:
        raise RanksError(
            "training over MPI needs mpi4py, which is not installed; pip install"
            " 'tiny-agent-trainer[mpi]', or --ranks alone"
        ) from None
    mpi4py.rc.thread_level = "funneled"  # one thread calls; lanes never do
    mpi4py.rc.finalize = False  # at the end of a rank that failed it would wait for the others
    mpi4py.rc.errors = "exception"
    file = _module_file(Path(mpi4py.__file__).parent, library.kind)
    if file is None:  # built on this machine for the MPI that was there
        from mpi4py import MPI

        return MPI
    return _load(_without_need(file))


def _module_file(folder: Path, kind: Kind) -> Path | None:
    return next(iter(sorted(folder.glob(f"MPI.{kind}.*.so"))), None)


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("mpi4py.MPI", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["mpi4py.MPI"] = module
    spec.loader.exec_module(module)
    return module


def _without_need(file: Path) -> Path:
    """A copy of a module that does not ask for libmpi by name: Debian's MPICH has another.

    Kept in the user's cache; where none can be written, the file itself.
    """
    try:
        data = file.read_bytes()
        changed = forget_library(data)
        if changed == data:
            return file
        kept = user_folder("cache") / "mpi4py" / f"{_stamp(data)}-{file.name}"
        if not kept.is_file():
            with writing(kept):
                kept.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(kept) as out:
                out.write(changed)
        return kept
    except Exception:
        return file


def _stamp(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()[:16]


def forget_library(data: bytes) -> bytes:
    """A 64-bit ELF file whose dynamic section no longer names libmpi: DT_NEEDED becomes DT_DEBUG,
    which the loader passes over. ValueError if it is no such file.

    Source: System V ABI, chapter 5, dynamic linking.
    """
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit little-endian ELF file")
    try:
        return _forgotten(data)
    except (struct.error, StopIteration) as error:
        raise ValueError(f"no whole ELF file: {error}") from None


def _forgotten(data: bytes) -> bytes:
    start, size, count = _header(data)
    segments = [struct.unpack_from("<IIQQQQQQ", data, start + i * size) for i in range(count)]

    def place(address: int) -> int:
        """Where in the file what lies at an address in memory is."""
        for kind, _, offset, virtual, _, length, _, _ in segments:
            if kind == 1 and virtual <= address < virtual + length:
                return offset + address - virtual
        raise ValueError("an address outside of all segments")

    dynamic = next(s for s in segments if s[0] == 2)
    entries = [(at, *struct.unpack_from("<qQ", data, at))
               for at in range(dynamic[2], dynamic[2] + dynamic[5], 16)]  # fmt: skip
    strings = place(next(value for _, tag, value in entries if tag == 5))
    out = bytearray(data)
    for at, tag, value in entries:
        if tag == 1 and data.startswith(b"libmpi", strings + value):
            struct.pack_into("<q", out, at, 21)
    return bytes(out)


def _header(data: bytes) -> tuple[int, int, int]:
    """Offset, size and number of the program headers."""
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return start, size, count
