"""The arguments of `tat validate`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, add_define, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "validate", "check WGSL modules with naga, in a child process",
        examples(
            ("tat validate shaders/*.wgsl", "names each problem as file:line:column"),
            ("tat validate modules.jsonl --json", "field wgsl of each line; one object a module"),
            ("tat validate src/ --define SHADOWS", "strings, scripts and dialects, too"),
            ("tat validate - < mine.wgsl", "a module from standard input"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path,
        help=".wgsl, a file of another language with WGSL in it, a folder of such files, .jsonl"
        " with a module in the field wgsl of each line, or - for standard input",
    )  # fmt: skip
    add_define(parser)
    parser.add_argument("--strict", action="store_true",
                        help="exit 8 also where a module imports what no given folder has, and so"
                             " cannot be judged")  # fmt: skip
    parser.add_argument("--json", action="store_true",
                        help="print JSON, valid modules included; valid is null where a module"
                             " cannot be judged")  # fmt: skip
