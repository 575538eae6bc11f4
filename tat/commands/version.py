"""`tat version`: prints the versions of tat and of its libraries."""

import argparse
import platform
import sys
from importlib import metadata

import msgspec

from tat import __version__
from tat.errors import TatError
from tat.resources import resource

_PARTS = ("numpy", "numba", "rich", "msgspec", "wgpu")


def run(options: argparse.Namespace) -> int:
    if options.sbom:
        return _print_sbom()
    versions = {"tat": __version__, "python": platform.python_version()} | part_versions()
    if options.json:
        sys.stdout.write(msgspec.json.encode(versions).decode() + "\n")
    else:
        sys.stdout.writelines(f"{name} {version}\n" for name, version in versions.items())
    return 0


def _print_sbom() -> int:
    path = resource("sbom.json")
    if not path.is_file():
        raise TatError("only the released program has a bill of materials; see `make release`")
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0


def part_versions() -> dict[str, str]:
    """Versions of the libraries that are installed."""
    versions = {}
    for name in _PARTS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "missing"
    return versions
