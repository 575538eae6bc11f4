"""The arguments of `tat check`."""

from tat.arguments.common import Commands, add_command, add_device, examples


def add(commands: Commands) -> None:
    parser = add_command(
        commands,
        "check",
        "check that tat computes on this machine what it should",
        examples(
            ("tat check", "configuration, tokenizer, kernels, decoding, resuming"),
            ("tat check --lockstep --device gpu", "each kernel call of a step beside float64"),
        ),
    )
    add_device(parser, default="cpu")
    parser.add_argument(
        "--lockstep", action="store_true", help="only a step of training and of decoding, by calls"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
