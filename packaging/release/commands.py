"""Running the build's tools."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    command: Sequence[str | Path],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    alone: bool = False,
) -> str:
    """Standard output of the command; the build ends with its words when it fails.

    `environment` is added to that of this process, or replaces it where the command stands alone.
    """
    done = subprocess.run(
        command, cwd=folder, env={**({} if alone else os.environ), **(environment or {})},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        line = shlex.join(map(str, command))
        raise SystemExit(
            f"{done.stdout}{done.stderr}\nrelease: this failed with {done.returncode}: {line}"
        )
    return done.stdout
