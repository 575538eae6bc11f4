"""The arguments of `tat export`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, examples
from tat.resources import BUNDLED


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "export", "write a checkpoint for generating, without the state of training",
        examples(
            ("tat export runs/mine -o mine.safetensors", "a third of the size, or less"),
            ("tat export runs/mine --int8 -o mine.safetensors", "a tenth, and faster on the CPU"),
            ('tat generate "distance to a box" --run mine.safetensors', "generate from it"),
        ),
    )  # fmt: skip
    parser.add_argument("run", metavar="RUN|FILE", type=Path, nargs="?", default=BUNDLED,
                        help="run folder or checkpoint file (bundled)")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True,
                        help="file to write; it replaces an existing one")  # fmt: skip
    parser.add_argument(
        "--int8", action="store_true",
        help="round matrices to 8 bits, with a scale for each output channel",
    )  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
