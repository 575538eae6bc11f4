"""Compiles the launcher, static with musl, and the probe, with this machine's C library."""

import shutil
import subprocess
from pathlib import Path

from release.commands import run

SOURCES = Path(__file__).resolve().parent.parent / "launcher"
_WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
_COMMON = ("-std=c11", "-O2", "-fstack-protector-strong", "-ffunction-sections")
_LINK = ("-Wl,--gc-sections", "-Wl,--build-id=none", "-s")
# Libraries of the host besides its C library; the probe fails if one is missing.
_HOST_LIBRARIES = ("libm.so.6", "libz.so.1", "libgcc_s.so.1", "libstdc++.so.6")


def compile_launcher(zstd: Path, out: Path) -> Path:
    """`out`/launcher; `zstd` is the folder with zstd.c and zstd.h."""
    out.mkdir(parents=True, exist_ok=True)
    decoder = out / "zstd.o"
    cache = ["ccache"] if shutil.which("ccache") else []
    run([*cache, "musl-gcc", *_COMMON, "-w", "-DZSTD_DISABLE_ASM", "-DNDEBUG",
         f"-ffile-prefix-map={zstd}=zstd", "-c", "-o", decoder, zstd / "zstd.c"])  # fmt: skip
    launcher = out / "launcher"
    sources = sorted(SOURCES.glob("*.c"))
    sources.remove(SOURCES / "probe.c")
    run(["musl-gcc", *_COMMON, *_WARNINGS, "-static", *_LINK, "-isystem", zstd,
         "-o", launcher, *sources, decoder])  # fmt: skip
    _require_static(launcher)
    return launcher


def compile_probe(out: Path) -> Path:
    """`out`/probe."""
    out.mkdir(parents=True, exist_ok=True)
    probe = out / "probe"
    libraries = [f"-l:{name}" for name in _HOST_LIBRARIES]
    run(["gcc", *_COMMON, *_WARNINGS, *_LINK, "-Wl,--no-as-needed", "-o", probe,
         SOURCES / "probe.c", *libraries])  # fmt: skip
    return probe


def _require_static(program: Path) -> None:
    """ldd itself has to say so: what it says of a dynamic program is a list of libraries."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if not any(words in listed.stdout + listed.stderr for words in ("not a dynamic", "statically")):
        raise SystemExit(f"{program} is not linked statically:\n{listed.stdout}")
