"""Commands about tat itself and the machine it runs on."""

from tat.arguments.common import (
    Commands,
    add_command,
    add_device,
    add_settings,
    examples,
)


def add_config(commands: Commands) -> None:
    parser = add_command(
        commands, "config", "print the configuration in force and where each value came from",
        examples(
            ("tat config --preset tiny", "the values of a preset"),
            ("tat config train.lr", "one value; `tat config train` is the table"),
            ("TAT_TRAIN_LR=1e-4 tat config --json", "for a program"),
        ),
    )  # fmt: skip
    parser.add_argument("key", metavar="KEY", nargs="?", help="only this value or table (all)")
    add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_doctor(commands: Commands) -> None:
    parser = add_command(commands, "doctor", "check what this machine offers tat",
        examples(("tat doctor", "what is there, what is missing and what to do")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_check(commands: Commands) -> None:
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


def add_version(commands: Commands) -> None:
    parser = add_command(
        commands, "version", "print the versions of tat and of what it is built on",
        examples(("tat version --json", "for a program")),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--sbom", action="store_true",
        help="print the released file's bill of materials, CycloneDX in JSON",
    )  # fmt: skip
