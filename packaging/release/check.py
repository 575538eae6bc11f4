"""`python -m release.check FILE LEVEL`: other Debians, and a second build compared byte by byte."""

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release.commands import run
from release.smoke import PATH, Place, exercise
from release.sources import ROOT, build_cache

SUITES = {"bullseye": "glibc 2.31, older than the bundled one", "trixie": "glibc 2.41, newer"}
_ENTER = """\
mount -t proc proc "$1/proc"
exec env -i $SMOKE "$(command -v chroot)" "$@"
"""


def main(file: Path, level: str) -> int:
    """Ends at the first difference or failure; needs root."""
    if os.geteuid() != 0:
        raise SystemExit("release-check makes roots of other Debians and needs to be run by root")
    for suite, library in SUITES.items():
        _exercise_on(suite, file)
        print(f"release-check: {suite} ({library}): ok", flush=True)
    compare(file, level)
    print("release-check: a second build in another folder has the same bytes")
    return 0


def _exercise_on(suite: str, file: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"tat-{suite}-") as temporary:
        root = Path(temporary) / "root"
        run(["cp", "-a", _debian_root(suite), root])
        shutil.copy(file, root / "tat")
        start = ["unshare", "-n", "-m", "sh", "-euc", _ENTER, "sh", str(root), "/tat"]
        environment = {"PATH": PATH, "SMOKE": "PATH=/usr/bin:/bin HOME=/root"}
        exercise(Place(suite, start, "/root", root / "root", environment))


def _debian_root(suite: str) -> Path:
    """A minimal installation, kept in the build cache."""
    root = build_cache() / f"root-{suite}"
    if not root.is_dir():
        temporary = root.with_name(f"{root.name}.new")
        shutil.rmtree(temporary, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", suite, temporary])
        temporary.rename(root)
    return root


def compare(file: Path, level: str) -> None:
    """Build again from a copy of the checkout elsewhere, with nothing that the first build kept."""
    with tempfile.TemporaryDirectory(prefix="tat-again-") as temporary:
        copy = Path(temporary) / "elsewhere"
        ignored = shutil.ignore_patterns(".venv", "build", "dist", "runs", "__pycache__", ".git")
        shutil.copytree(ROOT, copy, ignore=ignored)
        environment = {**os.environ, "RELEASE_CACHE": f"{temporary}/cache"}
        subprocess.run(["make", "release", f"LEVEL={level}"], cwd=copy, env=environment, check=True)
        if not filecmp.cmp(file, copy / "dist" / "tat", shallow=False):
            shutil.copytree(copy / "build" / "release" / "staged", ROOT / "build" / "second")
            raise SystemExit(
                "release-check: two builds differ; compare build/release/staged and build/second"
            )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2]))
