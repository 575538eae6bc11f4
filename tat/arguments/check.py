"""The arguments of `tat check`."""

from tat.arguments.common import Commands, add_command, add_device, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "check",
        "check that tat computes correctly on this machine",
        examples(
            ("tat check", "configuration, tokenizer, kernels, decoding, resuming"),
            ("tat check --lockstep --device gpu", "each kernel call of a step beside float64"),
        ),
    )
    add_device(parser, default="cpu")
    parser.add_argument(
        "--lockstep",
        action="store_true",
        help="only compare a training and a decoding step call by call",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
