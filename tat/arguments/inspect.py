"""The arguments of `tat inspect`."""

from pathlib import Path

from tat.arguments.common import Commands, add_command, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands, "inspect", "show the content of a run or a checkpoint",
        examples(
            ("tat inspect runs/mine", "its newest checkpoint"),
            ("tat inspect runs/mine --plan", "memory of a training step, and its tensors"),
            ("tat inspect model.safetensors --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("path", metavar="RUN|FILE", type=Path,
                        help="run folder, checkpoint file, or `bundled`, tat's own")  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="the memory plan of a training step")
    parser.add_argument("--json", action="store_true", help="print JSON")
