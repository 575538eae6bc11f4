"""Finding what ships with the program, in a checkout, an installation or the released binary."""

import os
import sys
from hashlib import sha256
from pathlib import Path

BUNDLED = Path("bundled")  # the name of the model that ships with tat, for --run and --from

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a bundled file: `resource("config", "default.toml")`.

    In a checkout config/ and shaders/ stand beside the package; elsewhere they are inside it.
    """
    inside = _PACKAGE.joinpath(*parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath(*parts)


def content_of(*folders: str) -> str:
    """Digest of the tables, code and shaders in bundled folders, of which functions are made."""
    state = sha256()
    for path in sorted(path for folder in folders for path in resource(folder).rglob("*")):
        if path.suffix in (".txt", ".py", ".wgsl"):
            state.update(path.read_bytes())
    return state.hexdigest()


def checkout() -> Path | None:
    """The root of the repository that tat runs from; None in an installation or the binary."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "bench").is_dir() else None


def program() -> list[str]:
    """Command that starts this program again, for child processes.

    A released binary has no Python to start: children are the program itself with a hidden
    subcommand.
    """
    launcher = os.environ.get("TAT_LAUNCHER")
    # -P: the current folder may hold anything, perhaps a wgpu.py; import no modules from it.
    return [launcher] if launcher else [sys.executable, "-P", "-m", "tat"]


def user_folder(kind: str) -> Path:
    """XDG folder of this user for tat: `kind` is "config", "cache", "data" or "state"."""
    variable, fallback = {
        "config": ("XDG_CONFIG_HOME", ".config"),
        "cache": ("XDG_CACHE_HOME", ".cache"),
        "data": ("XDG_DATA_HOME", ".local/share"),
        "state": ("XDG_STATE_HOME", ".local/state"),
    }[kind]
    base = os.environ.get(variable)
    if base and os.path.isabs(base):
        return Path(base) / "tat"
    home = os.path.expanduser("~")
    if not os.path.isabs(home):  # no HOME, and a user whom the system does not know
        home = "/root" if getattr(os, "geteuid", lambda: 0)() == 0 else "/nonexistent"
    return Path(home) / fallback / "tat"
