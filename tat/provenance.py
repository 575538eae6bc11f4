"""The origin of a figure: the machine, and the commit or release of tat."""

import platform
import re
import subprocess
from functools import cache
from pathlib import Path

from tat import __version__
from tat.machine import cores
from tat.resources import checkout

_GIT_SECONDS = 10.0  # before git counts as absent


def processor() -> str:
    """The CPU's name, as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def machine() -> str:
    """Processor and cores; without a reference, only figures of equal machines compare."""
    return f"{processor()}, {cores()} core{'s' * (cores() > 1)}"


def machine_slug() -> str:
    """The machine as the name of a file: "amd-epyc-2-cores"."""
    return re.sub(r"[^a-z0-9]+", "-", machine().lower()).strip("-")


@cache
def commit() -> str:
    """The checkout's commit, "+" behind it if files differ; elsewhere the version of tat."""
    folder = checkout()
    name = _git(folder, "rev-parse", "--short=12", "HEAD") if folder else ""
    if not name:
        return __version__
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return name + "+" * bool(changed)


def _git(folder: Path, *arguments: str) -> str:
    """The output of git; empty if git is missing or fails."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments], capture_output=True, text=True, timeout=_GIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
