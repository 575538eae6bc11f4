"""The arguments of `tat index`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, add_define, examples


def add(commands: Commands) -> None:
    parser = add_command(commands, "index", "make or renew an index of the WGSL in files",
        examples(("tat index shaders/ -o shaders.index", "a folder; again to renew"),
                  ("tat index -o cookbook.index", "the bundled cookbook")),
    )  # fmt: skip
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path,
                        help="folders or files with WGSL, .jsonl; none: the cookbook")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="INDEX", type=Path, required=True,
                        help="index to write, of what is in PATH now")  # fmt: skip
    add_define(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
