"""`tat man`: the manual pages that come with the released program."""

import argparse
import shutil
import subprocess
import sys

from tat.errors import TatError
from tat.resources import resource


def page_name(command: str) -> str:
    """File name of a subcommand's page, or with "" of the page of tat itself."""
    return f"tat-{command}.1" if command else "tat.1"


def run(options: argparse.Namespace) -> int:
    path = resource("man", page_name(options.topic or ""))
    if not path.is_file():
        words = f"tat {options.topic} --help" if options.topic else "tat --help"
        raise TatError(f"the manual comes with the released program; `{words}` says the same")
    viewer = shutil.which("man") if sys.stdout.isatty() else None
    if viewer:
        return subprocess.run([viewer, str(path)], check=False).returncode
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0
