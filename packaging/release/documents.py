"""Man pages, made by argparse-manpage from the parser, and shell completions."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from argparse_manpage.manpage import Manpage

from tat import __version__
from tat.cli import build_parser
from tat.commands.completion import SHELLS, completion
from tat.commands.man import page_name

# A help text that starts with a dot, as ".wgsl" does; requests are in capitals but for these two.
_TEXT_LIKE_A_REQUEST = re.compile(r"^(\.(?!nf$|fi$)[a-z])", re.MULTILINE)
_HEADINGS = {"exit codes": "exit status"}  # what manual pages call it
_COMPLETION_FILES = {"bash": "tat", "zsh": "_tat", "fish": "tat.fish"}


def write_man_pages(out: Path) -> list[Path]:
    """A page for tat and one for each subcommand: tat.1, tat-train.1 ..."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, parser in parsers(build_parser()):
        path = out / page_name(name)
        path.write_text(_page(name, parser), encoding="utf-8")
        written.append(path)
    return written


def write_completions(out: Path) -> list[Path]:
    """A script for each shell, by the name that the shell looks for."""
    written = []
    for shell in SHELLS:
        path = out / shell / _COMPLETION_FILES[shell]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(completion(build_parser(), shell), encoding="utf-8")
        written.append(path)
    return written


def parsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser and those of its subcommands, with their names: "" and "train"."""
    yield "", parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _page(name: str, parser: argparse.ArgumentParser) -> str:
    sections = list(_sections(parser.epilog or ""))
    parser.epilog = None  # argparse-manpage would fill its lines
    parser.man_short_description = parser.description.rstrip(".")
    page = Manpage(parser)
    page.prog = f"tat-{name}" if name else "tat"
    page.source = f"tat {__version__}"
    page.manual = "Tiny Agent Trainer"
    page.date = ""  # of the build, and two builds are to be equal
    for heading, lines in sections:
        text = "\n".join(line.replace("\\", "\\e").replace("-", "\\-") for line in lines)
        page.add_section(_HEADINGS.get(heading, heading), ">", f".nf\n{text}\n.fi")
    return _TEXT_LIKE_A_REQUEST.sub(r"\\&\1", str(page))


def _sections(epilog: str) -> Iterator[tuple[str, list[str]]]:
    """The parts of a parser's closing words: "examples:", then indented lines."""
    heading, lines = "", []
    for line in [*epilog.splitlines(), "end:"]:
        if line.endswith(":") and not line.startswith(" "):
            if lines:
                yield heading, lines
            heading, lines = line[:-1], []
        elif line.strip():
            lines.append(line[2:])
