"""The arguments of `tat man`."""

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    """Added last, because there is a page for every command."""
    parser = add_command(
        commands, "man", "print a page of the manual",
        examples(("tat man train", "the page of `tat train`"),),
    )  # fmt: skip
    parser.set_defaults(parsers=commands.choices)
    parser.add_argument(
        "topic", metavar="COMMAND", nargs="?", choices=list(commands.choices),
        help="the page of this command (of tat itself)",
    )  # fmt: skip
