"""The arguments of `tat doctor`."""

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(commands, "doctor", "check what this machine offers tat",
        examples(("tat doctor", "what this machine has, what it lacks, and what to do")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
