"""`tat man`: shows a manual page of the released program; elsewhere the help."""

import argparse
import shutil
import subprocess
import sys

from tat.resources import resource


def page_name(command: str) -> str:
    """File name of a subcommand's page, or with "" of the page of tat itself."""
    return f"tat-{command}.1" if command else "tat.1"


def run(options: argparse.Namespace) -> int:
    topic = options.topic or ""
    path = resource("man", page_name(topic))
    if not path.is_file():
        print("tat: the pages come with the released program; this is the help", file=sys.stderr)
        parser = options.parsers[topic] if topic else options.whole_parser
        sys.stdout.write(parser.format_help())
        return 0
    viewer = shutil.which("man") if sys.stdout.isatty() else None
    if viewer:
        return subprocess.run([viewer, str(path)], check=False).returncode
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0
