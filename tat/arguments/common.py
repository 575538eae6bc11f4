"""Arguments that several subcommands share, and the parser with its messages."""

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NoReturn, TextIO

from tat.errors import did_you_mean, one_line
from tat.resources import BUNDLED

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


# The words of argparse for what is wrong, and plainer ones.
_PLAINER = (
    (r"^argument ", ""),
    (r"^the following arguments are required: (.*)", r"nothing is given for \1"),
    (r"^one of the arguments (.*) is required", r"give one of \1"),
    (r"expected (one|at least one) argument$", "a value is missing behind it"),
    (r"not allowed with argument (.*)", r"not together with \1"),
    (r"ignored explicit argument .*", "it takes no value"),
    (r"invalid float value: (.*)", r"\1 is not a number"),
    (r"invalid choice: (.*) \(choose from (.*)\)", r"\1 is none of \2"),
)


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, what may be meant, and where all is listed."""

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parses as the base class does, but an unknown argument ends the process with 2."""
        words = list(args or ())
        if self._commands:
            self._check_command(words)
        else:
            self._check_options(words)
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(next((word for word in unknown if word.startswith("-")), unknown[0]))
        return parsed, unknown

    def print_help(self, file: TextIO | None = None) -> None:
        """As the base class does, but OSError where it cannot be written."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Say it in one line, and end the process with 2."""
        for usual, plainer in _PLAINER:
            message = re.sub(usual, plainer, message)
        listed = f"{self._commands.metavar.lower()}s" if self._commands else "options"
        hint = f"(`{self.prog} --help` lists all {listed})"
        self.exit(2, f"{self.prog}: {one_line(message, 2000)} {hint}\n")

    @property
    def _commands(self) -> argparse.Action | None:
        """The argument that names a subcommand, where there is one."""
        return next((a for a in self._actions if isinstance(a.choices, dict)), None)

    def _check_command(self, arguments: Sequence[str]) -> None:
        """Require a subcommand, or an option of this parser, as its first argument."""
        first = arguments[0] if arguments else "--"
        if first in (*self._commands.choices, *self._option_string_actions, "--"):
            return
        kind = self._commands.metavar.lower()
        if first.startswith("-"):
            otherwise = f" before the {kind}; its options stand behind it"
            self.error(f"no such option: {first}{self._meant(first, otherwise)}")
        hint = did_you_mean(first, self._commands.choices)
        self.error(f"no such {kind}: {first!r}{hint}")

    def _check_options(self, arguments: Sequence[str]) -> None:
        """Refuse an unknown option before what is missing for it."""
        for word in takewhile(lambda word: word != "--", arguments):
            option = word.partition("=")[0]
            known = option in self._option_string_actions
            if option.startswith("--") and " " not in word and not known:
                self._refuse(word)

    def _refuse(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            self.error(f"one argument too many: {word!r}; quote what belongs together")
        option = word.partition("=")[0]
        self.error(f"no such option: {option}{self._meant(option)}")

    def _meant(self, option: str, otherwise: str = "") -> str:
        """The end of a message about an unknown option; dashes are no likeness."""
        options = (name for name in self._option_string_actions if name.startswith("--"))
        names = [name.removeprefix("--") for name in options]
        near = did_you_mean(option.lstrip("-"), names)
        return near.replace("mean ", "mean --") if near else otherwise


def add_command(
    commands: Commands, name: str, summary: str, examples: str = ""
) -> argparse.ArgumentParser:
    """A subcommand, done by tat/commands/NAME.py."""
    parser = commands.add_parser(
        name, help=summary, description=summary[:1].upper() + summary[1:] + ".", epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.set_defaults(module=name)
    parser.add_argument(
        "--debug", action="store_true", help="show a traceback when something fails"
    )
    return parser


def examples(*pairs: tuple[str, str]) -> str:
    """Command lines with an explanation each, for the end of the help."""
    width = max(len(command) for command, _ in pairs)
    return "examples:\n" + "".join(f"  {c:{width}}  {what}\n" for c, what in pairs)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """--preset, --set and --config."""
    group = parser.add_argument_group("configuration")
    group.add_argument(
        "--preset", metavar="NAME",
        help="size of the model: tiny, small, base, or one of your own (base)",
    )  # fmt: skip
    group.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[],
        help="set one value, as in model.layers=4; repeatable (`tat config` lists the keys)",
    )  # fmt: skip
    group.add_argument(
        "--config", metavar="FILE", type=Path, action="append", default=[],
        help="read a TOML file over tat.toml; repeatable",
    )  # fmt: skip


def add_talk(parser: argparse.ArgumentParser) -> None:
    """--quiet and --verbose."""
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")


def add_define(parser: argparse.ArgumentParser) -> None:
    """--define, for the preprocessors of shaders."""
    parser.add_argument(
        "--define", metavar="NAME[=V]", action="append", default=[],
        help="a definition for #ifdef, #if and @if in shaders; repeatable (also data.defines)",
    )  # fmt: skip


def add_synth(parser: argparse.ArgumentParser, alone: str) -> None:
    """--synth; alone: what it does without PATH, in words."""
    parser.add_argument(
        "--synth", metavar="N", type=count,
        help=f"mix N functions by rules (`tat synth`) with the files; {alone}",
    )  # fmt: skip


def add_device(parser: argparse.ArgumentParser, default: str = "auto") -> None:
    """--device."""
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        default=default,
        type=_device,
        help=f"auto, cpu, gpu[:N] or gpu:software ({default})",
    )


def add_ranks(parser: argparse.ArgumentParser) -> None:
    """--ranks."""
    parser.add_argument(
        "--ranks",
        choices=("auto", "mpi", "alone"),
        default="auto",
        help="work together with what mpirun or srun started: auto sees it by itself (auto)",
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """--precision."""
    parser.add_argument(
        "--precision",
        choices=("f32", "f16"),
        help="type of factors and activations; f16 needs a GPU that has it (f32)",
    )


def add_run(parser: argparse.ArgumentParser, default: Path | None = BUNDLED) -> None:
    """--run, the model to use."""
    parser.add_argument(
        "--run", metavar="RUN", type=Path, default=default,
        help="run folder or checkpoint file (bundled: the model that ships with tat)",
    )  # fmt: skip


def add_adapt(parser: argparse._ActionsContainer) -> None:
    """--adapt."""
    parser.add_argument(
        "--adapt", metavar="N", type=count,
        help="answer with a function of the index or of the library if one of N validates with the"
        " names of the signature (32; 0 leaves it to the model)",
    )  # fmt: skip


def add_library(parser: argparse._ActionsContainer, default: str) -> None:
    """--library, --no-library; default: what holds without them, in words."""
    parser.add_argument(
        "--library", action=argparse.BooleanOptionalAction, default=None,
        help=f"answer with tat's own functions, too, which are proven ({default})",
    )  # fmt: skip


def _device(text: str) -> str:
    kind, colon, number = text.partition(":")
    if text in ("auto", "cpu", "gpu", "gpu:software") or (
        kind == "gpu" and colon and number.isdecimal()
    ):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of auto, cpu, gpu, gpu:N, gpu:software")


def count(text: str) -> int:
    """The value of an argument as a whole number from 0 up."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def positive(text: str) -> int:
    """The value of an argument as a whole number from 1 up."""
    if not (value := count(text)):
        raise argparse.ArgumentTypeError("0 is too few; give 1 or more")
    return value
