"""The arguments of `tat config`."""

from tat.arguments.common import Commands, add_command, add_settings, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "config", "print the configuration in force and the origin of each value",
        examples(
            ("tat config --preset tiny", "the values of a preset"),
            ("tat config train.lr", "one value; `tat config train` is the table"),
            ("TAT_TRAIN_LR=1e-4 tat config --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("key", metavar="KEY", nargs="?", help="only this value or table (all)")
    add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
