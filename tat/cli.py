"""The command line: its parser, one run of it, and exit codes."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from tat import __version__
from tat.arguments.common import Parser, examples
from tat.commands.common.streams import (
    OUTPUT,
    drop_unwritable_output,
    judge_to_the_end,
    prepare_output,
)
from tat.errors import EXIT_CODES, failure_of, one_line

# In the order of `tat --help`: tat/arguments/NAME.py parses, tat/commands/NAME.py works.
COMMANDS = (
    "train", "prepare", "generate", "serve", "eval", "validate", "grammar", "wgsl", "export",
    "inspect", "config", "cookbook", "index", "search", "synth", "doctor", "check", "bench",
    "report", "phase", "tune", "completion", "version", "man",
)  # fmt: skip
_OF_ALL = ("completion", "man")  # what these print is of all commands
# Commands with a verdict for an exit code, which `| head -1` does not change.
JUDGES = frozenset(("validate", "grammar", "check", "doctor", "bench", "cookbook", "eval", "phase"))


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, from which help, man pages and completions are made, with `commands`."""
    codes = (f"  {code:3}  {meaning}\n" for code, meaning in EXIT_CODES.items())
    parser = Parser(
        prog="tat",
        description="Train a Transformer on your WGSL shaders and generate WGSL with it.",
        epilog=examples(
            ("tat train shaders/ --preset small", "train on a folder of .wgsl files"),
            ("tat train --run runs/mine --resume", "go on where that run stopped"),
            ('tat generate "distance to a box" --run runs/mine', "print a function"),
            ("tat inspect runs/mine --plan", "what is in a run, and its memory"),
        )
        + "\nexit codes:\n" + "".join(codes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )  # fmt: skip
    parser.set_defaults(whole_parser=parser)
    parser.add_argument("--version", action="version", version=f"tat {__version__}")
    added = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        importlib.import_module(f"tat.arguments.{name}").add(added)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every failure is one line."""
    options = argparse.Namespace(debug="--debug" in arguments)
    try:
        prepare_output()
        options = build_parser(_needed(arguments)).parse_args(arguments)
        if options.module in JUDGES:
            judge_to_the_end()
        module = importlib.import_module(f"tat.commands.{options.module}")
        code = module.run(options)
        sys.stdout.flush()
        return code
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return _end(error, options)
    finally:
        drop_unwritable_output()


def _needed(arguments: Sequence[str]) -> Sequence[str]:
    """The commands that have to be known to read the arguments: often one, and sooner there."""
    name = arguments[0] if arguments else ""
    return (name,) if name in COMMANDS and name not in _OF_ALL else COMMANDS


def _end(error: BaseException, options: argparse.Namespace) -> int:
    """The exit code of a call that an exception ended."""
    try:
        sys.stdout.flush()
    except OSError as unwritten:
        error = unwritten if isinstance(error, SystemExit) else error
    if isinstance(error, SystemExit):  # of the parser, which has said what there is
        raise error
    if isinstance(error, BrokenPipeError) and error.filename == OUTPUT:
        return 0  # who reads has enough
    return _fail(*failure_of(error), options)


def _fail(message: str, code: int, options: argparse.Namespace) -> int:
    if options.debug:
        traceback.print_exc()
    with suppress(OSError):  # a closed standard error changes no exit code
        print(f"tat: {one_line(message, 2000)}", file=sys.stderr)
    return code
