"""The arguments of `tat grammar`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "grammar", "print the grammar of generated text, or check modules with it",
        examples(
            ("tat grammar", "the grammar, in Lark's notation"),
            ("tat grammar --check modules.jsonl", "names the modules that it refuses, and where"),
        ),
    )  # fmt: skip
    parser.add_argument(
        "--check", metavar="FILE", nargs="+", type=Path, default=[],
        help=".wgsl, a folder of it, .jsonl with a module in the field wgsl of each line, or - for"
        " standard input",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
