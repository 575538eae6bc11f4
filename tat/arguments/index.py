"""The arguments of `tat index`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(commands, "index", "make or renew an index of WGSL files, to search in",
        examples(("tat index shaders/ -o shaders.index", "a folder; again to renew"),
                  ("tat index -o cookbook.index", "the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path,
                        help=".wgsl and .jsonl files or folders; none: the cookbook")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="INDEX", type=Path, required=True,
                        help="index to write, of what is in PATH now")  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
