"""Sources from outside, checked by their hash: the zstd decoder."""

import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from release.commands import run

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "requirements" / "release.lock"


def build_cache() -> Path:
    """Folder that builds share and that may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("RELEASE_CACHE") or Path(base) / "tat-build")


def pinned(name: str) -> tuple[str, list[str]]:
    """Version and accepted hashes of a package in requirements/release.lock."""
    text = LOCK.read_text()
    found = re.search(rf"^{name}==(\S+) \\\n((?: +--hash=\S+(?: \\)?\n)+)", text, re.MULTILINE)
    if not found:
        raise SystemExit(f"release: {LOCK} does not pin {name}")
    return found[1], re.findall(r"--hash=(sha256:\w+)", found[2])


def zstd_folder() -> Path:
    """Folder with zstd.c and zstd.h: the decoder's source, from zstandard's source distribution."""
    version, hashes = pinned("zstandard")
    folder = build_cache() / f"zstandard-{version}"
    if not (folder / "zstd.c").exists():
        _fetch_zstd(folder, version, hashes)
    return folder


def _fetch_zstd(folder: Path, version: str, hashes: list[str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = Path(temporary)
        wanted = work / "wanted.txt"
        wanted.write_text(f"zstandard=={version} {' '.join(f'--hash={h}' for h in hashes)}\n")
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation",
             "--no-binary", "zstandard", "--require-hashes", "-r", wanted, "-d", work])  # fmt: skip
        (archive,) = work.glob("zstandard-*.tar.gz")
        (work / "out").mkdir()
        with tarfile.open(archive) as files:
            for name in ("zstd.c", "zstd.h", "zstd_errors.h", "zdict.h", "LICENSE"):
                source = files.extractfile(f"zstandard-{version}/zstd/{name}")
                (work / "out" / name).write_bytes(source.read())
        try:
            (work / "out").rename(folder)
        except OSError:  # another build fetched it meanwhile
            if not (folder / "zstd.c").exists():
                raise
