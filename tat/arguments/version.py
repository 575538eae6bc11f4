"""The arguments of `tat version`."""

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "version", "print the versions of tat and of what it is built on",
        examples(("tat version --json", "for a program")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--sbom", action="store_true",
        help="print the released file's bill of materials, CycloneDX in JSON",
    )  # fmt: skip
